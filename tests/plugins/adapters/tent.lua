local as = require "assay"
local nn = require "assay.nn"

-- Batch norm of two features, then logits that are the normalised features.
local function model()
  local net = nn.seq { nn.batch_norm { 2, eps = 0 }, nn.linear { 2, 2 } }
  net[2].weight:copy_(as.tensor { { 1, 0 }, { 0, 1 } })
  net[2].bias:zero_()
  return net:eval()
end

local x <const> = { { 3, 1 }, { 1, 2 }, { 5, 0 }, { 2, 2 } }

describe("adapters/tent", function()
  it("normalises by the batch with steps = 0, and changes nothing", function()
    local net = model()
    local adapter = as.adapter { "tent", model = net, steps = 0 }
    local before = net:state()
    -- means 2.75 and 1.25, variances 2.1875 and 0.6875
    local out = adapter:adapt(as.tensor(x)):tolist()
    assert.near((3 - 2.75) / math.sqrt(2.1875), out[1][1], 1e-6)
    assert.near((2 - 1.25) / math.sqrt(0.6875), out[4][2], 1e-6)
    assert.same(out, adapter(as.tensor(x)):tolist())
    for name, tensor in pairs(net:state()) do
      assert.is_true(type(name) ~= "string" or tensor:equal(before[name]))
    end
  end)

  it("takes one step down the mean entropy with respect to scale and shift", function()
    local net, net2 = model(), model()
    local adapter = as.adapter { "tent", model = net, optimizer = as.optim.sgd { net[1], lr = 0.1 } }
    local first = adapter:adapt(as.tensor(x))
    net2:batch_stats()
    local f = net2(as.tensor(x))
    local log_p = f:log_softmax(-1)
    local entropy = -(log_p:exp() * log_p):sum(-1):mean()
    local g = as.grad(entropy, { net2[1].weight, net2[1].bias })
    assert.near(entropy:item(), adapter.reports.entropy, 1e-6)
    assert.same(f:tolist(), first:tolist()) -- of before the update
    for k = 1, 2 do
      assert.near(1 - 0.1 * g[1]:tolist()[k], net[1].weight:tolist()[k], 1e-6)
      assert.near(0 - 0.1 * g[2]:tolist()[k], net[1].bias:tolist()[k], 1e-6)
    end
    assert.same({ { 1, 0 }, { 0, 1 } }, net[2].weight:tolist()) -- not in the group
  end)

  it("lowers the entropy, and reset brings model, mode and optimizer back", function()
    local net = model()
    local opt = as.optim.sgd { net[1], lr = 0.1, momentum = 0.9 }
    local adapter = as.adapter { "tent", model = net, optimizer = opt, steps = 3 }
    local weight = net[1].weight:tolist()
    local function three()
      local outputs = {}
      for k = 1, 3 do
        outputs[k] = adapter:adapt(as.tensor(x)):tolist()
      end
      return outputs
    end
    adapter:adapt(as.tensor(x))
    local early = adapter.reports.entropy
    three()
    assert.is_true(adapter.reports.entropy < early)
    adapter:reset()
    assert.same(weight, net[1].weight:tolist())
    assert.equal("eval", net.mode)
    local once = three()
    adapter:reset()
    assert.same(once, three()) -- the momentum is gone too
  end)

  it("refuses bad input", function()
    local function fails(text, spec, input)
      assert.error_matches(function()
        spec[1] = "tent"
        as.adapter(spec):adapt(input or as.tensor(x))
      end, text, 1, true)
    end
    fails("steps = 1 need an optimizer", { model = model() })
    fails("a batch of 1 items has no statistics", { model = model(), steps = 0 }, as.ones(1, 2))
    fails("no layer of", { model = nn.linear { 2, 2 }, steps = 0 })
    fails("modes", { model = function(input) return input end, steps = 0 })
    fails("steps = -1 is outside", { model = model(), steps = -1 })
  end)
end)
