local as = require "assay"
local nn = require "assay.nn"

local function flow(net, x)
  return as.score { "synflow" } { model = net, x = x }:item()
end

describe("scores/synflow", function()
  -- f(x) = V relu(U x): R = sum |V| |U| 1, and every weight tensor's share of w dR/dw is R itself.
  it("counts the flow once for every layer", function()
    local net = nn.seq { nn.linear { 2, 3, bias = false }, nn.relu(), nn.linear { 3, 2, bias = false } }
    net:load { "1.weight", "3.weight", ["1.weight"] = as.tensor { { 1, -2 }, { .5, 0 }, { -1, -1 } },
      ["3.weight"] = as.tensor { { 1, -1, 2 }, { 0, 3, -.5 } } }
    -- |U| 1 = 3, 0.5, 2; |V| of it = 7.5, 2.5
    assert.near(20, flow(net, as.randn(5, 2)), 1e-12)
  end)

  it("works in double: a flow of a thousand layers' size is no infinity", function()
    local layers = {}
    for k = 1, 60 do layers[k] = nn.linear { 4, 4, bias = false } end
    local net = nn.seq(layers)
    local state = net:state()
    for _, name in ipairs(state) do state[name] = state[name] * 0 - 3 end
    net:load(state)
    assert.near(1, flow(net, as.zeros(1, 4)) / (60 * 4 * 12 ^ 60), 1e-9)
  end)

  it("refuses a model without weights", function()
    assert.error_matches(function() flow(nn.layer_norm { 2 }, as.zeros(1, 2)) end, "no weights")
  end)
end)
