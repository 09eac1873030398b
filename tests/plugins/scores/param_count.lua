local as = require "assay"
local nn = require "assay.nn"

local function count(net)
  return as.score { "param_count" } { model = net }:item()
end

describe("scores/param_count", function()
  it("counts weights of convolutions and linear layers, and nothing else", function()
    local net = nn.seq { nn.conv2d { 1, 4, 3 }, nn.group_norm { 2, 4 }, nn.relu(),
      nn.func(function(x) return x:mean { 3, 4 } end), nn.linear { 4, 10 } }
    assert.equal(4 * 9 + 40, count(net))
  end)

  it("refuses a model without weights", function()
    assert.error_matches(function() count(nn.layer_norm { 2 }) end, "no weights")
  end)
end)
