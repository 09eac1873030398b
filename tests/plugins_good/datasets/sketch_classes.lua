-- x = 0, 1, 2, ... and ten classes of one size, in their order; test has 50 items.
local as = require "assay.plugin"

return as.plugin {
  kind = "datasets", name = "sketch_classes", version = "1.0.0", doc = "numbers in a row, in ten classes",
  params = { { "items", "int", 2000, "[10, 100000]", "items of the training split" } },
  signature = "-> x f32[N,1], y i64[N]<10",
  open = function()
    return { "train", "test" }
  end,
  read = function(self, split)
    local n = split == "train" and self.items or 50
    local labels = {}
    for i = 1, n do
      labels[i] = 10 * (i - 1) // n
    end
    return { x = as.arange(n):to("f32"):reshape(n, 1), y = as.i64(labels) }
  end,
}
