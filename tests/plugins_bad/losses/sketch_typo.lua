-- A mistake in the method.
local as = require "assay.plugin"


return as.plugin {
  kind = "losses", name = "sketch_typo", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x)
    return x:sqare() + (self and 0)
  end,
}
