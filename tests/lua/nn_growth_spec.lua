-- Nothing grows while a model trains: bytes of tensors and Lua's own are the same after 10,000 steps as after
-- the first thousand, and the process's pages within what the allocator keeps for reuse.
local as = require "assay"
local nn = require "assay.nn"

local steps <const> = 10000

-- Every constructor of the library that a net below is made with.
local made = {}
for name, make in pairs(nn) do
  if type(make) == "function" then
    nn[name] = function(...)
      made[name] = true
      return make(...)
    end
  end
end

local pages_kept <const> = 12 << 20 -- a tensor's header a step and operation would be 30 MiB

local function resident()
  local file = assert(io.open("/proc/self/statm"))
  local pages = file:read "a":match "^%d+ (%d+)"
  file:close()
  return tonumber(pages) * 4096
end

-- The address sanitizer keeps freed memory from being used again; it finds leaks itself.
local function sanitized()
  local file = assert(io.open("/proc/self/maps"))
  local text = file:read "a"
  file:close()
  return text:find("libasan", 1, true) ~= nil
end

-- Trains net on the mean square of its output and compares what is held early and late.
local function train(net, optimizer, ...)
  local inputs = table.pack(...)
  local function step()
    as.scope(function()
      net(table.unpack(inputs)):square():mean():backward()
      optimizer:step()
    end)
  end
  local function held()
    collectgarbage()
    collectgarbage()
    local used, peak = as.memory()
    return { used = used, peak = peak, lua = collectgarbage "count" * 1024, resident = resident() }
  end
  for _ = 1, steps // 10 do
    step()
  end
  local early = held()
  for _ = steps // 10 + 1, steps do
    step()
  end
  local late = held()
  assert.equal(early.used, late.used)
  assert.equal(early.peak, late.peak)
  assert.near(early.lua, late.lua, 16384)
  assert.is_true(sanitized() or late.resident - early.resident < pages_kept)
end

describe("10,000 steps leave nothing behind:", function()
  it("perceptron with dropout, adapters and an average", function()
    local net = nn.seq {
      nn.linear { 3, 8 }, nn.layer_norm { 8 }, nn.silu {}, nn.dropout { 0.1 }, nn.linear { 8, 2 },
    }
    local bank, routing = nn.adapters { net, rank = 1, skills = 2 }, nn.routing { 2, 2 }
    local task, optimizer = as.i64 { 0, 1, 1, 0 }, as.optim.radam { bank:adapters(), routing, lr = 1e-3 }
    local mean = nn.ema { bank, warm = true }
    train(nn.func(function(x)
      mean:update()
      return bank(routing(task), x)
    end), optimizer, as.randn(4, 3))
  end)
  it("convolutions, norms, pooling", function()
    local net = nn.seq {
      nn.conv2d { 1, 4, 3, padding = 1 }, nn.batch_norm { 4 }, nn.relu {}, nn.max_pool2d { 2 },
      nn.group_norm { 2, 4 }, nn.flatten {}, nn.linear { 16, 2 },
    }
    train(net, as.optim.sgd { net, lr = 1e-3, momentum = 0.9, nesterov = true }, as.randn(2, 1, 4, 4))
  end)
  it("transformer", function()
    local net = nn.seq {
      nn.embedding { 5, 4 }, nn.positions { 3, 4 }, nn.transformer_block { 4, 2, causal = true },
      nn.linear { 4, 5 },
    }
    train(net, as.optim.adamw { net, lr = 1e-4 }, as.i64 { { 0, 1, 2 }, { 4, 3, 2 } })
  end)
  it("unet", function()
    local net = nn.unet { 1, 1, channels = { 2 }, groups = 1, time = 4 }
    train(net, as.optim.adam { net, lr = 1e-4 }, as.randn(1, 1, 4, 4), as.tensor { 0.5 })
  end)
  it("activations, FiLM, residuals, lists, attention to another sequence", function()
    local bend, look = nn.film { 4, 6 }, nn.attention { 6, 2, context = 4 }
    local body = nn.residual { nn.linear { 6, 6 }, nn.tanh {}, nn.gelu {}, nn.softplus {}, nn.sigmoid {} }
    local parts = nn.list { nn.identity(), nn.upsample { 2 }, nn.max_pool2d { 2 }, nn.reshape { 6 } }
    local time = nn.seq { nn.fourier { 4 }, nn.linear { 4, 4 } }
    local net = nn.module {
      bend = bend, look = look, body = body, parts = parts, time = time, scale = nn.parameter(as.ones(6)),
      forward = function(self, x, t, context)
        local h = self.body(self.bend(x, self.time(t)) * self.scale)
        for _, part in ipairs(self.parts._children) do
          h = part == 2 and h:reshape(2, 6, 1, 1) or h
          h = self.parts[part](h)
        end
        return self.look(h:unsqueeze(2), context)
      end,
    }
    local optimizer = as.optim.sgd { net, lr = 1e-3, momentum = 0.5 }
    train(net, optimizer, as.randn(2, 6), as.rand(2), as.randn(2, 3, 4))
  end)
  it("nothing of the library is left out", function()
    made.init, made.is_module = true, true -- no layers
    for name, value in pairs(nn) do
      if type(value) == "function" and not made[name] then
        error("nn." .. name .. " is in none of the nets above")
      end
    end
  end)
end)

describe("what is left behind is seen:", function()
  it("a tensor a step", function()
    local net, kept = nn.linear { 2, 2 }, {}
    local leaky = nn.func(function(x)
      kept[#kept + 1] = x:clone():keep()
      return net(x)
    end)
    assert.is_false(pcall(train, leaky, as.optim.sgd { net, lr = 0.1 }, as.ones(1, 2)))
  end)
end)
