-- Asks for what a plugin has not.
local as = require "assay.plugin"


return as.plugin {
  kind = "losses", name = "sketch_clock", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x)
    return x * os.time() + (self and 0)
  end,
}
