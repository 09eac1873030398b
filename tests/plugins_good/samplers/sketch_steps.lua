-- x <- x + s(x, t) / steps from t = 1 to 0, its hooks called, with a buffer that follows its item.
local as = require "assay.plugin"

return as.plugin {
  kind = "samplers", name = "sketch_steps", version = "1.0.0", doc = "explicit steps along a score",
  params = { { "steps", "int", 4, "[1, 1000]", "steps" } },
  signature = "model model(f32[B,...], f32[B] -> f32[B,...]), noise? f32[B,...], shape? i64[R]"
    .. " -> x f32[B,...]",
  start = function(self, s, _, noise, shape)
    s.steps = self.steps
    s.x = self:start_noise(noise, shape)
    self:per_item("first", s.x)
  end,
  advance = function(self, s, index, model)
    local t = 1 - index / self.steps
    local at = { t = t, t_next = t - 1 / self.steps, alpha = 1, sigma = t, index = index }
    self:pre_step(at, s)
    local score = model(s.x, as.full(t, s.x:size(1)))
    s.x = s.x + self:guide(at, s.x, score) * (1 / self.steps)
    self:moved(at, s)
    self:post_step(at, s)
  end,
  finish = function(self, s)
    self:report("moved", (s.x - self.first):abs():max())
  end,
}
