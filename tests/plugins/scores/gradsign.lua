local as = require "assay"
local nn = require "assay.nn"

-- f(x) = W x without a bias
local function linear(rows)
  local net = nn.seq { nn.linear { #rows[1], #rows, bias = false } }
  net:load { "1.weight", ["1.weight"] = as.tensor(rows) }
  return net
end

-- Two classes with logits 0 and <w, x> at w = 0: the gradient of an item of class 0 is x / 2.
local function with_gradients(rows)
  local below = nn.linear { #rows[1], 1, bias = false }
  below:load { "weight", ["weight"] = as.zeros(1, #rows[1]) }
  local net = nn.module { below = below,
    forward = function(self, x)
      local z = self.below(x)
      return as.concat({ z * 0, z }, 2)
    end }
  return net, as.tensor(rows) * 2, as.zeros(#rows):to "i64"
end

local function value(net, x, y)
  local score = as.score { "gradsign" }
  local sum = score { model = net, x = x, labels = y }
  return sum:item(), score.reports
end

local W = { { .2, -.1 }, { 0, .3 }, { -.3, .1 } }
local items, labels = as.tensor { { 1, -1 }, { 2, 0.5 }, { -1, 1 } }, as.i64 { 0, 1, 2 }

describe("scores/gradsign", function()
  it("sums the signs of given gradients", function()
    local rows = { { 1, -2, 0, 3 }, { 3, -1, -5, -1 }, { -2, -4, 1, 2 } }
    local sum, r = value(with_gradients(rows))
    assert.equal(5, sum)
    assert.near(1.25, r.mean, 1e-12)
    assert.near(5 / 12, r.per_param, 1e-12)
  end)

  it("is 10 for the page's linear softmax, whose gradients are these", function()
    local net = linear(W)
    local want = {
      { { -.511097, .511097 }, { .268315, -.268315 }, { .242782, -.242782 } },
      { { .898755, .224689 }, { -1.264162, -.316040 }, { .365407, .091352 } },
      { { -.206788, .206788 }, { -.376792, .376792 }, { .583580, -.583580 } },
    }
    local g = as.per_sample_grad(net(items):cross_entropy(labels), net:parameters())[1]
    assert.near(0, (g - as.tensor(want)):abs():max():item(), 1e-6)
    assert.equal(10, (value(net, items, labels)))
  end)

  it("is N |W| for copies of one item, and does not look at sizes or order", function()
    local net, one = linear(W), as.tensor { { 2, 0.5 } }
    local copies = as.concat({ one, one, one, one }, 1)
    assert.equal(4 * 6, (value(net, copies, as.i64 { 1, 1, 1, 1 })))
    assert.equal(10, (value(net, items:flip(1), labels:flip(1))))
    local x = as.tensor { { 1e-3, -1e-3 }, { 2, 0.5 }, { -1, 1 } } -- the first item's gradient a thousandth
    assert.equal(10, (value(linear(W), x, labels)))
  end)

  it("leaves out biases and normalisation, counts dead weights as 0", function()
    local dead = nn.linear { 2, 2 }
    local net = nn.module { dead = dead, norm = nn.layer_norm { 2 }, out = linear(W),
      forward = function(self, x) return self.out(self.norm(x)) end }
    local sum, r = value(net, items, labels)
    assert.near(sum / 10, r.mean, 1e-12)
    assert.is_true(sum <= 3 * 6)
  end)

  it("refuses one item, a loss that is not finite, a model without weights", function()
    assert.error_matches(function() value(linear(W), as.tensor { { 1, 2 } }, as.i64 { 0 }) end,
      "1 item, expected 2 or more")
    assert.error_matches(function()
      value(linear(W), as.tensor { { 1, 2 }, { 0 / 0, 1 } }, as.i64 { 0, 1 })
    end, "loss of item 1 is NaN")
    assert.error_matches(function() value(nn.layer_norm { 2 }, items, as.i64 { 0, 1, 0 }) end, "no weights")
  end)

  -- What the score stands for (the page's toy): l_n = (theta - c_n)^2, H = 2, optima at c.
  it("approximates a distance of the items' optima that bounds the loss", function()
    local c, n, H = { 0, 1, 4 }, 3, 2
    local distances, best = 0, math.huge
    for _, a in ipairs(c) do
      for _, b in ipairs(c) do distances = distances + math.abs(a - b) end
    end
    for theta = 0, 4, 1 / 3 do
      local loss = 0
      for _, a in ipairs(c) do loss = loss + (theta - a) ^ 2 / n end
      best = math.min(best, loss)
    end
    local psi = math.sqrt(n) / n ^ 2 * distances
    assert.near(3.07920144, psi, 1e-8)
    assert.near(256, n ^ 3 * H / 2 * psi ^ 2, 1e-9)
    assert.near(2.88888889, best, 1e-8)
    assert.near(28.44444444, n * H / 2 * psi ^ 2, 1e-8)
  end)
end)
