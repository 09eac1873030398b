local as = require "assay"
local nn = require "assay.nn"

-- The page's linear softmax; g is the mean of its three gradients.
local function toy()
  local net = nn.seq { nn.linear { 2, 3, bias = false } }
  net:load { "1.weight", ["1.weight"] = as.tensor { { .2, -.1 }, { 0, .3 }, { -.3, .1 } } }
  return net, as.tensor { { 1, -1 }, { 2, 0.5 }, { -1, 1 } }, as.i64 { 0, 1, 2 }
end

local g = { { (-.511097 + .898755 - .206788) / 3, (.511097 + .224689 + .206788) / 3 },
  { (.268315 - 1.264162 - .376792) / 3, (-.268315 - .316040 + .376792) / 3 },
  { (.242782 + .365407 + .583580) / 3, (-.242782 + .091352 - .583580) / 3 } }

local function value(net, x, labels)
  return as.score { "grad_norm" } { model = net, x = x, labels = labels }:item()
end

describe("scores/grad_norm", function()
  it("is the mean gradient's norm", function()
    local squares = 0
    for _, row in ipairs(g) do squares = squares + row[1] ^ 2 + row[2] ^ 2 end
    assert.near(math.sqrt(squares), value(toy()), 2e-6)
  end)

  it("adds up over layers, without biases and normalisation", function()
    local net = nn.seq { nn.linear { 2, 4 }, nn.layer_norm { 4 }, nn.linear { 4, 3 } }
    local _, x, labels = toy()
    net(x):cross_entropy(labels):mean():backward()
    local norms = 0
    for _, layer in ipairs { net[1], net[3] } do
      norms = norms + layer.weight.grad:square():sum():sqrt():item()
    end
    assert.near(norms, value(net, x, labels), 1e-5)
  end)

  it("refuses a loss that is not finite and a model without weights", function()
    local net, x, labels = toy()
    assert.error_matches(function() value(net, x * (0 / 0), labels) end, "loss holds NaN")
    assert.error_matches(function() value(nn.layer_norm { 2 }, x, as.i64 { 0, 1, 1 }) end, "no weights")
  end)
end)
