-- losses/poly1 in Lua: the same numbers as plugins/losses/poly1.c.
local as = require "assay.plugin"

return as.plugin {
  kind = "losses", name = "sketch_poly1", version = "1.0.0", paper = "arXiv:2204.12511",
  doc = "cross-entropy with its first term re-weighted",
  params = { { "epsilon", "real", 1, "[-1, 10]", "added weight of 1 - p; 0 gives cross-entropy" } },
  signature = "logits f32[B,C]|items, labels i64[B]<C|items -> loss f32[B]|items",
  forward = function(self, logits, labels)
    local logp = logits:log_softmax(-1):gather(labels, -1)
    return self.epsilon * -logp:expm1() - logp
  end,
}
