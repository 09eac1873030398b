-- Adapters: LoRA, banks mixed by task. Numbers from arXiv:2211.03831's layer, worked out by hand.
local as = require "assay"
local nn = require "assay.nn"
local gradients = dofile(debug.getinfo(1, "S").source:match "^@(.*/)" .. "gradients.lua")

local function near(expected, x, tolerance)
  local values = x:flatten():tolist()
  assert.equal(#expected, #values)
  for i, v in ipairs(values) do
    assert.near(expected[i], v, tolerance or 1e-5)
  end
end

-- Two heads, two skills, rank 1 beside a layer of zeros: the output is the adapter's.
local function bank_of_two(rank_scale)
  local net = nn.linear { 4, 4 }
  net.weight:zero_()
  net.bias:zero_()
  local bank = nn.adapters { net, rank = 1, skills = 2, heads = 2, alpha = rank_scale or 1 }
  local layer = bank.layers[1]
  layer.down:copy_(as.tensor { { { 1, 2 }, { 3, 4 } }, { { -1, 1 }, { 2, 0 } } }:reshape(2, 2, 2, 1))
  layer.up:copy_(as.tensor { { { 1, 0 }, { 0, 1 } }, { { 2, 2 }, { 1, -1 } } }:reshape(2, 2, 1, 2))
  return bank
end

local function routing_of(rows, tasks, heads)
  local routing = nn.routing { tasks, 2, heads }
  routing.weight:copy_(as.tensor(rows))
  return routing
end

local x = as.tensor { { 1, 0.5, -1, 2 } }

describe("routing", function()
  it("is the sigmoids over their sum, inside each head", function()
    local weights = routing_of({ { 0, 2, -1, 1 } }, 1, 2)(as.i64 { 0 })
    assert.same({ 1, 2, 2 }, weights:shape())
    near({ 0.36210969, 0.63789031, 0.26894142, 0.73105858 }, weights)
  end)
  it("starts nearly even", function()
    near({ 0.5, 0.5, 0.5, 0.5 }, nn.routing { 3, 2, 2 }(as.i64 { 1 }), 1e-3)
  end)
end)

describe("a bank", function()
  it("mixes A and B separately, each head its part", function()
    local bank, routing = bank_of_two(), routing_of({ { 0, 2, -1, 1 } }, 1, 2)
    local weights = routing(as.i64 { 0 })
    local want = { 1.17989026, 2.07848778, 4.13469086, -0.62943958 }
    near(want, bank(weights, x))
    near(want, bank(weights[1], x)) -- one row for all samples
    near(want, bank({ weights }, x)) -- a list, one a layer
    near({ 2 * want[1], 2 * want[2], 2 * want[3], 2 * want[4] }, bank_of_two(2)(weights, x))
  end)
  it("is Poly with equal rows, and the mean without weights", function()
    local bank = bank_of_two()
    near({ 1.34857592, 2.37564346, 5.07279530, 0.32150838 },
      bank(routing_of({ { 0, 2, 0, 2 } }, 1, 2)(as.i64 { 0 }), x))
    near({ 2, 2, 6, 2 }, bank(nil, x))
    near({ 2, 2, 6, 2 }, bank:average()(nil, x))
    assert.same({ 1, 1, 4, 1 }, bank.layers[1].down:shape())
  end)
  it("gives a mixed batch what each task gets alone", function()
    local bank, routing = bank_of_two(), routing_of({ { 0, 2, -1, 1 }, { 1, 0, 3, -2 } }, 2, 2)
    local rows = as.randn(4, 4)
    local mixed = bank(routing(as.i64 { 0, 1, 1, 0 }), rows)
    for i, task in ipairs { 0, 1, 1, 0 } do
      local alone = bank(routing(as.i64 { task }), rows:slice(1, i, i))
      assert.near(0, (mixed[i] - alone[1]):abs():max():item(), 1e-6)
    end
    local sequences = bank(routing(as.i64 { 0, 1, 1, 0 }), rows:unsqueeze(2))
    assert.near(0, (sequences:squeeze(2) - mixed):abs():max():item(), 1e-6)
  end)
  it("starts as the net it wraps, bit for bit", function()
    local net = nn.seq { nn.linear { 6, 4 }, nn.relu {}, nn.linear { 4, 2 } }
    local rows = as.randn(5, 6)
    local y = net(rows)
    local bank = nn.adapters { net, rank = 2, skills = 3, heads = 2 }
    assert.equal(2, #bank.layers)
    assert.is_true(bank(nil, rows):equal(y))
    assert.is_true(bank(as.rand(5, 2, 3), rows):equal(y))
  end)
  it("has the numbers of parameters the paper counts", function()
    local function count(o)
      o[1] = nn.linear { 256, 256 }
      local n = 0
      for _, p in ipairs(nn.adapters(o):adapters()) do
        n = n + p:count()
      end
      return n
    end
    assert.equal(2048, count { rank = 4 })
    assert.equal(16576, count { rank = 4, skills = 8 } + nn.routing { 24, 8 }.weight:count())
    assert.equal(17920, count { rank = 4, skills = 8, heads = 8 } + nn.routing { 24, 8, 8 }.weight:count())
  end)
  it("trains its adapters and nothing else", function()
    local net = nn.seq { nn.linear { 4, 4, name = "first" }, nn.tanh(), nn.linear { 4, 2, name = "last" } }
    local bank = nn.adapters { net, layers = { "last" }, rank = 2 }
    assert.equal(1, #bank.layers)
    assert.equal("nn.seq", getmetatable(bank.net).__name)
    local opt, before = as.optim.adam { bank:adapters(), lr = 0.1 }, bank:state()
    bank(nil, as.randn(3, 4)):square():sum():backward()
    opt:step()
    for i, name in ipairs(before) do
      assert.equal(name:find "%.up" ~= nil, not bank:state()[name]:equal(before[name]), i)
    end
    local other = nn.adapters {
      nn.seq { nn.linear { 4, 4, name = "first" }, nn.tanh(), nn.linear { 4, 2, name = "last" } },
      layers = { "last" }, rank = 2,
    }
    local rows = as.randn(3, 4)
    assert.is_true(other:load(bank:state())(nil, rows):equal(bank(nil, rows)))
  end)
  it("has the gradients of its values, also in the weights", function()
    local bank = nn.adapters { nn.linear { 4, 4 }, rank = 2, skills = 3, heads = 2 }
    bank.layers[1].up:copy_(as.randn(2, 3, 2, 2))
    gradients.check(bank, { as.rand(3, 2, 3), as.randn(3, 4) })
    gradients.check(bank, { as.rand(2, 3), as.randn(3, 4) })
  end)
  it("puts the weights away after an error", function()
    local bank = bank_of_two()
    assert.error_matches(function() bank(as.rand(1, 2, 3), x) end,
      "nn.adapted: routing %[1,2,3%], expected %[2,2%] or %[1,2,2%]")
    near({ 2, 2, 6, 2 }, bank(nil, x))
  end)
  it("refuses layers that are not there or do not divide", function()
    local net = nn.seq { nn.linear { 4, 4, name = "first" }, nn.relu {}, nn.linear { 4, 3 } }
    assert.error_matches(function() nn.adapters { net, layers = { "frist" } } end,
      'the model has no linear layer "frist"; did you mean "first"%?')
    assert.error_matches(function() nn.adapters { net, heads = 2 } end,
      "a layer 4 %-> 3 does not divide into 2 heads")
    assert.is_true(net[1].weight.requires_grad) -- a refusal changes nothing
    assert.error_matches(function() nn.adapters { nn.relu {} } end, "the model has no linear layer")
  end)
end)
