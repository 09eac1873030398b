-- Its top level does not end.
-- luacheck: ignore
local as = require "assay.plugin"
while true do end

return as.plugin {
  kind = "losses", name = "sketch_loops", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(self, x)
    return self and x
  end,
}
