-- A number where a tensor is declared.
local as = require "assay.plugin"


return as.plugin {
  kind = "losses", name = "sketch_scalar", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x)
    return self and x:sum():item()
  end,
}
