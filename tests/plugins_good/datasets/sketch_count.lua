-- x = 0, 1, 2, ... in two splits; labels to be disturbed.
local as = require "assay.plugin"

return as.plugin {
  kind = "datasets", name = "sketch_count", version = "1.0.0", doc = "numbers in a row",
  params = { { "count", "int", 6, "[1, 1000]", "items of a split" } },
  signature = "-> x f32[N], y i64[N]",
  open = function()
    return { "train", "test" }
  end,
  read = function(self, split)
    local x = as.arange(self.count):to "f32"
    return { x = split == "test" and x + self.count or x, y = x:to "i64" }
  end,
}
