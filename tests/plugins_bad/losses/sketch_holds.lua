-- Takes a tensor out of its call's scope.
local as = require "assay.plugin"
local last

return as.plugin {
  kind = "losses", name = "sketch_holds", version = "1.0.0", doc = "wrong on purpose",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(_, x)
    last = (x * 2):keep()
    return last
  end,
}
