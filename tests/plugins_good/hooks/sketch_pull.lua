-- All points at which a hook acts.
local as = require "assay.plugin"

return as.plugin {
  kind = "hooks", name = "sketch_pull", version = "1.0.0", doc = "adds to the score, keeps and resamples",
  params = { { "weight", "real", 1, "[-10, 10]", "added to the score" } },
  signature = "goal? f32[B,...] -> score f32[B,...]",
  start = function(self, s)
    self:per_item("origin", s.x)
  end,
  guide = function(self, _, _, score)
    return score + self.weight
  end,
  update = function(_, at, s, goal)
    if goal and at.index == 0 then
      s.x = goal
    end
  end,
  post_step = function(self, at, s)
    if at.index == 0 and not self:training() then
      self:resample(s, as.full(1, s.x:size(1)):to "i64")
    end
  end,
  finish = function(self, s)
    self:report("from", (s.x - self.origin):mean())
  end,
}
