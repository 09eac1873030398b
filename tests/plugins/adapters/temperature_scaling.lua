local as = require "assay"

local function model(x)
  return x * 1
end

describe("adapters/temperature_scaling", function()
  it("finds the temperature at which half of the certainty is right", function()
    -- logits (a, 0), right in 3 of 4: sigmoid(a / T) = 3/4, T = a / ln 3
    local adapter = as.adapter { "temperature_scaling", model = model }
    local x = as.tensor { { 4, 0 }, { 4, 0 }, { 4, 0 }, { 4, 0 } }
    assert.same(x:tolist(), adapter(x):tolist()) -- T = 1 before
    local out = adapter:adapt(x, as.i64 { 0, 0, 0, 1 })
    assert.near(4 / math.log(3), adapter.reports.temperature, 1e-4)
    assert.near(math.log(3), out:tolist()[1][1], 1e-5)
    assert.near(math.log(3), adapter(x):tolist()[1][1], 1e-5)
    adapter:reset()
    assert.same(x:tolist(), adapter(x):tolist())
  end)

  it("brings back the model it was made with", function()
    local nn = require "assay.nn"
    local net = nn.linear { 2, 2 }
    local before = net.weight:tolist()
    local adapter = as.adapter { "temperature_scaling", model = net }
    as.no_grad(function()
      net.weight:copy_(as.zeros(2, 2))
    end)
    adapter:reset()
    assert.same(before, net.weight:tolist())
  end)
end)
