-- Every type of parameter, a rule between two, several outputs, two plugins in one file.
local as = require "assay.plugin"

local all = as.plugin {
  kind = "losses", name = "sketch_params", version = "1.0.0", doc = "all types of parameters",
  params = {
    { "rate", "real", 0.5, "(0, 1]", "a real number", unit = "nats", log = true },
    { "low", "int", 1, "[0, 10]", "an integer" },
    { "high", "int", 2, "[0, 10]", "another one, above low" },
    { "hard", "bool", true, "true or false" },
    { "mode", "choice", "mean", "mean|sum|none", "one of three words" },
    { "tag", "string", "x", "a text" },
    { "weights", "reals", { 0.5, 1 }, "(0, inf)", "numbers" },
    { "sizes", "ints", { 3, 4 }, "[1, 9]", "integers" },
    { "mask", "tensor", "f32[2]", "a tensor" },
  },
  signature = "x f32[B] -> loss f32[B], count f32, last? f32[B]",
  validate = function(self)
    if self.low >= self.high then
      self:fail("low = %d is not below high = %d", self.low, self.high)
    end
  end,
  forward = function(self, x)
    self:report("mode", #self.mode)
    self:report("weights", self.weights[1] + self.weights[#self.weights])
    self:report("sizes", self.sizes[2])
    self:report("tag", #self.tag)
    self:report("mask", self.mask and self.mask:sum() or -1)
    return x * self.rate, as.full(self.high - self.low), self.hard and x or nil
  end,
}

local other = as.plugin {
  kind = "losses", name = "sketch_other", version = "1.0.0", doc = "shares its file",
  signature = "x f32[B] -> loss f32[B]",
  forward = function(_, x)
    return x
  end,
}

return { all, other }
