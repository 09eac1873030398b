local as = require "assay"
local nn = require "assay.nn"

describe("adapters/tent_1_0", function()
  local function model()
    return nn.seq { nn.batch_norm { 2 }, nn.linear { 2, 2 } }
  end

  it("lowers the entropy batch by batch, and reset brings model and optimizer back", function()
    local net = model()
    net[2].weight:copy_(as.tensor { { 1, 0 }, { 0, 1 } })
    net[2].bias:zero_()
    net:eval()
    local adapter = as.adapter { "tent_1_0", model = net, optimizer = as.optim.adam { net[1], lr = 0.1 } }
    local x = as.tensor { { 3, 1 }, { 1, 2 }, { 5, 0 }, { 2, 2 } }
    local before, weight = adapter(x):tolist(), net[1].weight:tolist()
    adapter:adapt(x)
    local first = adapter.reports.entropy
    for _ = 1, 10 do
      adapter:adapt(x)
    end
    assert.is_true(adapter.reports.entropy < 0.8 * first)
    assert.is_true(net[1].weight:tolist()[1] ~= weight[1])
    assert.same({ { 1, 0 }, { 0, 1 } }, net[2].weight:tolist()) -- not in the group
    adapter:reset()
    assert.same(weight, net[1].weight:tolist())
    assert.same(before, adapter(x):tolist())
  end)

  it("leaves its modes: that is what adapting is", function()
    local net = model()
    local adapter = as.adapter { "tent_1_0", model = net, optimizer = as.optim.sgd { net, lr = 0 } }
    adapter:adapt(as.ones(4, 2))
    assert.equal("batch_stats", net.mode)
    adapter(as.ones(4, 2))
    assert.equal("eval", net.mode)
  end)

  it("needs a model with modes", function()
    assert.error_matches(function()
      local plain = function(x) return x end
      local optimizer = as.optim.sgd { as.ones(1):requires_grad_(), lr = 1 }
      as.adapter { "tent_1_0", model = plain, optimizer = optimizer }(as.ones(1, 2))
    end, "modes", 1, true)
  end)
end)
