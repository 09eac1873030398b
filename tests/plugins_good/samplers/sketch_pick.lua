-- An index sampler.
local as = require "assay.plugin"

return as.plugin {
  kind = "samplers", name = "sketch_pick", version = "1.0.0", doc = "places drawn without replacement",
  params = { { "count", "int", 2, "[1, 1000]", "places" } },
  signature = "scores f32[N] -> places i64[count]",
  draw = function(self, scores)
    return self:permutation("places", scores:size(1)):slice(1, 1, self.count)
  end,
}
