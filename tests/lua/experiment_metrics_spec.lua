local as = require "assay"
local nn = require "assay.nn"

describe("metrics.accuracy", function()
  -- outputs are the inputs: largest at 0, 1, 1, 2
  local data = {
    x = as.tensor { { 3, 1, 2 }, { 0, 1, 0 }, { -1, 5, 4 }, { 0, 0, 1 } },
    y = as.i64 { 0, 1, 2, 2 },
  }
  local function itself(x)
    return x
  end

  it("is the share of right labels, whatever the batch", function()
    assert.are.equal(0.75, as.metrics.accuracy(itself, data))
    assert.are.equal(0.75, as.metrics.accuracy(itself, data, { 3 }))
    assert.are.equal(0.75, as.metrics.accuracy(itself, data, { 1 }))
  end)

  it("runs in eval mode and puts the mode back", function()
    local net = nn.seq { nn.linear { 3, 3 } }
    local mode
    as.metrics.accuracy(setmetatable({ eval = function(self) self.mode = "eval" end, mode = "train",
      train = function(self) self.mode = "train" end }, { __call = function(self, x)
      mode = self.mode
      return net(x)
    end }), data)
    assert.are.equal("eval", mode)
    assert.are.equal("train", net.mode)
  end)

  it("refuses unknown options", function()
    assert.error_matches(function() as.metrics.accuracy(itself, data, { batch = 3 }) end,
      "_spec.lua:%d+: .*batch")
  end)
end)

describe("metrics.outputs", function()
  it("are those of all items, whatever the batch, without history", function()
    local net, x = nn.seq { nn.linear { 3, 2 }, nn.dropout { 0.5 } }, as.randn(7, 3)
    local whole = net:clone():eval()(x)
    for _, size in ipairs { 7, 3, 1 } do
      local y = as.metrics.outputs(net, { x = x }, { size })
      assert.same({ 7, 2 }, y:shape())
      assert.near(0, (y - whole):abs():max():item(), 1e-6)
    end
    assert.equal("train", net.mode)
    assert.error_matches(function() as.metrics.outputs(net, { x = x }):sum():backward() end, "gradient")
  end)
end)
