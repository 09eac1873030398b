-- Keeps a tensor outside of its registered state.
local as = require "assay.plugin"
local last

return as.plugin {
  kind = "losses", name = "sketch_keeps", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x)
    local before = last
    last = x * 2
    return before and before + (self and 0) or x
  end,
}
