-- Images of 6 x 6 that grow brighter to the right and downwards, each a little brighter than the one before.
local as = require "assay.plugin"

return as.plugin {
  kind = "datasets", name = "sketch_ramps", version = "1.0.0", doc = "ramps of grey",
  params = {},
  signature = "-> x f32[N,1,6,6], y i64[N]",
  open = function()
    return { "train", "test" }
  end,
  read = function(_, split)
    local n = split == "train" and 12 or 4
    local ramp = as.arange(36):to("f32"):reshape(1, 1, 6, 6)
    local x = (ramp + as.arange(n):to("f32"):reshape(n, 1, 1, 1)) / 80
    return { x = x, y = as.arange(n) }
  end,
}
