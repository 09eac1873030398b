-- Counts outside of its registered state.
local as = require "assay.plugin"
local calls = 0

return as.plugin {
  kind = "losses", name = "sketch_unsaved", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x)
    calls = calls + 1
    return x * calls + (self and 0)
  end,
}
