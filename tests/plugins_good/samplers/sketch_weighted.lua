-- Leaves its items where they are and adds the same to their log weights at each step.
local as = require "assay.plugin"

return as.plugin {
  kind = "samplers", name = "sketch_weighted", version = "1.0.0",
  doc = "items that stay, with log weights that grow",
  params = { { "steps", "int", 1, "[1, 100]", "how many" } },
  signature = "x f32[B]|items, logw f32[B]|items -> x f32[B]|items, logw f32[B]|items",
  start = function(self, s, x, logw)
    s.steps, s.x, s.logw = self.steps, x, as.zeros(logw:size(1))
  end,
  advance = function(self, s, index, _, logw)
    local at = { t = 1, t_next = 0, alpha = 1, sigma = 0, index = index }
    s.logw = s.logw + logw
    self:moved(at, s)
    self:post_step(at, s)
  end,
  finish = function(_, s)
    return s.logw
  end,
}
