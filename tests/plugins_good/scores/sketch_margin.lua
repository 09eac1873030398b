-- Two outputs and a verdict.
local as = require "assay.plugin"

return as.plugin {
  kind = "scores", name = "sketch_margin", version = "1.0.0", doc = "largest probability and its logit",
  signature = "logits f32[N,C] -> top f32[N], logit f32[N]",
  score = function(self, logits)
    self:verdict(logits:max():item() > 10 and "accept" or "reject")
    return logits:softmax(-1):max(-1), logits:max(-1)
  end,
}
