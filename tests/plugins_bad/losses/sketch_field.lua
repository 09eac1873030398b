-- Writes to a field that it did not register.
local as = require "assay.plugin"


return as.plugin {
  kind = "losses", name = "sketch_field", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x)
    self.count = 1
    return x
  end,
}
