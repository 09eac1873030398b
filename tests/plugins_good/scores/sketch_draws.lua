-- Every sort of random number, from streams of the instance.
local as = require "assay.plugin"

return as.plugin {
  kind = "scores", name = "sketch_draws", version = "1.0.0", doc = "one number of each sort for each item",
  signature = "odds f32[N,C] -> draws f32[S,N]",
  score = function(self, odds)
    local n = odds:size(1)
    return as.stack({
      self:rand("uniform", n), self:randn("normal", n), self:rademacher("sign", n),
      self:randint("integer", 3, n):to(odds.dtype), self:permutation("order", n):to(odds.dtype),
      self:gamma("gamma", 2, n), self:beta("beta", 1, 2, n),
      self:categorical("class", odds:softmax(-1)):to(odds.dtype),
    }, 1)
  end,
}
