-- Writes a global.
local as = require "assay.plugin"


return as.plugin {
  kind = "losses", name = "sketch_global", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x)
    count = self and 1 -- luacheck: ignore
    return x
  end,
}
