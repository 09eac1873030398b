-- Training steps give the same bits at one thread and at two: parameters, running statistics and gradients'
-- norms of a ConvNet, a UNet and a transformer, each large enough to be cut into pieces.
local script <const> = [[
local as = require "assay"
local nn = require "assay.nn"
local function train(net, loss, n)
  local opt = as.optim.adam { net, lr = 1e-2 }
  for _ = 1, n do
    as.scope(function()
      loss():backward()
      opt:clip(1)
      opt:step()
    end)
  end
end
local conv = nn.seq {
  nn.conv2d { 1, 16, 3, padding = 1 }, nn.batch_norm { 16 }, nn.relu {}, nn.max_pool2d { 2 },
  nn.dropout { 0.1 },
  nn.conv2d { 16, 32, 3, stride = 2, padding = 1, bias = false }, nn.group_norm { 4, 32 }, nn.silu {},
  nn.flatten {}, nn.linear { 1568, 64 }, nn.layer_norm { 64 }, nn.gelu {}, nn.linear { 64, 10 },
}
local x, y = as.randn(32, 1, 28, 28), as.randint(10, 32)
train(conv, function() return conv(x):cross_entropy(y):mean() end, 3)
local unet = nn.unet { 1, 1, channels = { 16, 32 }, groups = 4, film = true }
local images, t = as.randn(8, 1, 16, 16), as.gamma(2, 8)
train(unet, function() return (unet(images, t) - images):square():mean() end, 2)
local words = nn.seq {
  nn.embedding { 50, 64 }, nn.positions { 32, 64 }, nn.transformer_block { 64, 4, causal = true },
  nn.linear { 64, 50 },
}
local tokens = as.randint(50, 16, 32)
train(words, function() return words(tokens):reshape(-1, 50):cross_entropy(tokens:reshape(-1)):mean() end, 2)
local all = {}
for name, net in pairs { conv = conv, unet = unet, words = words } do
  local state = net:state()
  for _, key in ipairs(state) do
    all[name .. "." .. key] = state[key]
  end
end
all.norms = as.per_sample_norms(conv:eval()(x):cross_entropy(y), conv:parameters())
all.sorted = as.randn(200, 300):sort(1)
as.save(arg[1], all)
print(x:sum():item())
]]

local function file_of(text)
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
  return name
end

local function bytes_after(threads, source)
  local out = os.tmpname()
  local command = ("ASSAY_THREADS=%d '%s' script %s %s 2>&1"):format(threads, arg[-2], source, out)
  local pipe = assert(io.popen(command))
  local said = pipe:read "a"
  pipe:close()
  local file = assert(io.open(out, "rb"))
  local bytes = file:read "a"
  file:close()
  os.remove(out)
  if #bytes < 100000 then
    error(("%s wrote %d bytes: %s"):format(command, #bytes, said))
  end
  return bytes
end

describe("training", function()
  it("gives the same bits at one thread and at two", function()
    local source = file_of(script)
    local one, two = bytes_after(1, source), bytes_after(2, source)
    os.remove(source)
    assert.is_true(one == two)
    local other = file_of((script:gsub("lr = 1e%-2", "lr = 1.0001e-2"))) -- what differs is seen
    assert.is_false(bytes_after(1, other) == one)
    os.remove(other)
  end)
end)
