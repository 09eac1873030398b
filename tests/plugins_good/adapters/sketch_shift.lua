-- A running mean of the outputs, taken away; calls without adapting use the mean as it is.
local as = require "assay.plugin"

return as.plugin {
  kind = "adapters", name = "sketch_shift", version = "1.0.0", doc = "outputs less their running mean",
  params = { { "width", "int", 2, "[1, 1000]", "outputs of the model" } },
  signature = "model model(f32[B,D] -> f32[B,width]), x f32[B,D] -> y f32[B,width]",
  setup = function(self)
    self:buffer("mean", as.zeros(self.width))
  end,
  adapt = function(self, model, x)
    local y = model(x)
    self.mean = y:mean(1)
    return y - self.mean
  end,
  forward = function(self, model, x)
    return model(x) - self.mean
  end,
}
