-- Gradients of each item of a batch and their norms, against one backward pass for each item.
local as = require "assay"
local nn = require "assay.nn"

local function near(expected, x, what)
  local far = (expected - x):abs():max():item() / (1 + expected:abs():max():item())
  assert.is_true(far < 2e-5, ("%s is off by %g"):format(what, far)) -- f32 sums in another order
end

-- loss_of(parameters..., x, y) of one item at a time: { gradients of each parameter, [B, ...] }, norms
local function by_loop(loss_of, parameters, x, y)
  local each, norms = {}, {}
  for k = 1, #parameters do
    each[k] = {}
  end
  for i = 1, x:size(1) do
    local sum = 0
    for k, g in ipairs(as.grad(loss_of(x:slice(1, i, i), y:slice(1, i, i)):sum(), parameters)) do
      each[k][i] = g
      sum = sum + g:square():sum():item()
    end
    norms[i] = math.sqrt(sum)
  end
  for k, list in ipairs(each) do
    each[k] = as.stack(list)
  end
  return each, as.tensor(norms)
end

local function check(loss_of, parameters, x, y)
  local each, norms = by_loop(loss_of, parameters, x, y)
  near(norms, as.per_sample_norms(loss_of(x, y), parameters), "the norm")
  for k, g in ipairs(as.per_sample_grad(loss_of(x, y), parameters)) do
    assert.same(each[k]:shape(), g:shape())
    near(each[k], g, "the gradient of parameter " .. k)
  end
  for k, p in ipairs(parameters) do -- alone, so that each has its own way
    near(each[k]:square():flatten(2):sum(2):sqrt(), as.per_sample_norms(loss_of(x, y), { p }),
      "the norm of parameter " .. k)
  end
end

local function of_net(net)
  net:eval()
  return function(x, y)
    return net(x):cross_entropy(y)
  end, net:parameters()
end

local labels = as.i64 { 0, 2, 1, 2 }

local function check_net(net, x, y)
  local loss_of, parameters = of_net(net)
  check(loss_of, parameters, x, y or labels)
end

describe("gradients of each item", function()
  it("of linear layers", function()
    check_net(nn.seq { nn.linear { 5, 6 }, nn.relu(), nn.linear { 6, 3, bias = false } }, as.randn(4, 5))
  end)
  it("of convolutions: few places, many places, groups, strides, dilation, one place", function()
    check_net(nn.seq {
      nn.conv2d { 2, 6, 3, padding = 1 }, nn.silu(), nn.conv2d { 6, 6, 3, groups = 3, bias = false },
      nn.conv2d { 6, 8, { 3, 2 }, stride = 2, padding = 1 }, nn.tanh(),
      nn.conv2d { 8, 32, 2, dilation = 2 }, nn.conv2d { 32, 4, 1 }, nn.flatten(), nn.linear { 16, 3 },
    }, as.randn(4, 2, 9, 11):slice(4, 1, 9))
  end)
  it("of normalisations, which scale and shift", function()
    check_net(nn.seq {
      nn.conv2d { 2, 4, 3 }, nn.group_norm { 2, 4 }, nn.batch_norm { 4 }, nn.layer_norm { 3, 3 },
      nn.max_pool2d { 3 }, nn.flatten(), nn.linear { 4, 8 }, nn.layer_norm { 8, scale = false },
      nn.batch_norm { 8 }, nn.linear { 8, 3 },
    }, as.randn(4, 2, 5, 5))
  end)
  it("of a layer used twice, over tokens", function()
    local shared, last = nn.linear { 4, 4 }, nn.linear { 4, 3 }
    check_net(nn.module {
      shared = shared, last = last,
      forward = function(_, x) return last(shared(shared(x):tanh()):mean(2)) end,
    }, as.randn(4, 6, 4))
  end)
  it("of a table tied to the last layer, positions, attention and perceptrons of a transformer", function()
    local tokens = nn.embedding { 7, 8 }
    local body = nn.seq { nn.positions { 6, 8 }, nn.transformer_block { 8, 2, causal = true } }
    local norm = nn.layer_norm { 8 }
    local net = nn.module {
      tokens = tokens, body = body, norm = norm,
      forward = function(_, x) return norm(body(tokens(x))):matmul(tokens.weight:transpose()) end,
    }
    net:eval()
    local x, y = as.randint(7, 4, 5), as.randint(7, 4, 5)
    check(function(a, b)
      local batch, length = a:size(1), a:size(2) -- the batch is folded with the places and unfolded
      return net(a):reshape(-1, 7):cross_entropy(b:reshape(-1)):reshape(batch, length):mean(2)
    end, net:parameters(), x, y)
  end)
  it("of a large table and few places", function()
    local tokens, last = nn.embedding { 50, 6 }, nn.linear { 6, 3 }
    check_net(nn.module {
      tokens = tokens, last = last, forward = function(_, x) return last(tokens(x):sum(2)) end,
    }, as.i64 { { 3, 3, 4 }, { 1, 2, 3 }, { 9, 9, 9 }, { 0, 49, 0 } })
  end)
  it("of a UNet, whose time bends its blocks", function()
    local net = nn.unet { 1, 1, channels = { 4 }, groups = 2, time = 6, film = true, skips = "all" }:eval()
    local x, y = as.randn(3, 1, 4, 4), as.rand(3, 17) -- a time and a target
    check(function(images, both)
      local noise = net(images, both:slice(2, 1, 1):reshape(-1))
      return (noise - both:slice(2, 2, 17):reshape(-1, 1, 4, 4)):square():mean { 2, 3, 4 }
    end, net:parameters(), x, y)
  end)
  it("of factors, quotients, differences and slices", function()
    local p = { as.randn(3), as.rand(2, 3) + 1, as.randn(1), as.randn(5, 3), as.rand(3, 1) + 2 }
    for i, x in ipairs(p) do
      p[i] = x:detach():requires_grad_()
    end
    check(function(x, y)
      local h = (x * p[1] - p[3]) / p[2]:unsqueeze(1):unsqueeze(1)[1]
      h = (h - p[4]:slice(1, 2, 3)) * p[5]:transpose():slice(2, 1, 2):unsqueeze(-1)
      return (h:mean(2) + (p[3] - h:sum(2)) / p[1]:detach()):cross_entropy(y)
    end, p, as.randn(4, 2, 3), labels)
  end)
  it("are 0 where the loss does not depend on a parameter, and f64 where the net is", function()
    local w = as.randn({ 3, 2, dtype = "f64" }):requires_grad_()
    local idle = as.randn({ 2, dtype = "f64" }):requires_grad_()
    local x = as.ones { 4, 2, dtype = "f64" }
    local each = as.per_sample_grad(x:matmul(w:transpose()):sum(2), { w, idle })
    assert.equal("f64", each[2].dtype)
    assert.equal(0.0, each[2]:abs():sum():item())
    assert.same({ 4, 3, 2 }, each[1]:shape())
    local norms = as.per_sample_norms(x:matmul(w:transpose()):sum(2), { w })
    assert.equal("f64", norms.dtype)
    assert.near(math.sqrt(6), norms[1]:item(), 1e-15)
  end)
  it("are kept for some items at a time", function()
    local twice = as.randn(1000, 1000):requires_grad_()
    local x = as.randn(24, 1000)
    local function losses()
      return x:matmul(twice):tanh():matmul(twice):square():mean(2)
    end
    local l = losses()
    local used = as.memory()
    local norms = as.per_sample_norms(l, { twice })
    local _, peak = as.memory()
    assert.is_true(peak - used < 48 << 20) -- all at once would be 24 * 4 MB, several times over
    near(as.per_sample_grad(losses(), { twice })[1]:square():flatten(2):sum(2):sqrt(), norms, "the norm")
  end)
end)

describe("gradients of each item are refused", function()
  local net = nn.seq { nn.linear { 5, 4 }, nn.batch_norm { 4 }, nn.linear { 4, 3 } }
  local w = as.randn(5, 3):requires_grad_()
  local x = as.randn(4, 5)
  local here = "per_sample_spec.lua:%d+: "
  local place = " %(.*per_sample_spec.lua:%d+%) merges the batch of 4 items: no gradient of one item"

  it("where items meet, at that operation's line", function()
    local meetings = {
      batch_norm = function() return net(x):cross_entropy(labels) end,
      matmul = function() local z = x:matmul(w) return z:matmul(z:transpose()):cross_entropy(labels) end,
      sub = function() local z = x:matmul(w) return (z - z:mean(1)):sum(2) end,
      div = function() local z = x:matmul(w) return (z / z:norm()):sum(2) end,
      softmax = function() return x:matmul(w):softmax(1):square():sum(2) end,
      cumsum = function() return x:matmul(w):cumsum(1):square():sum(2) end,
      index_select = function() return x:matmul(w):index_select(labels, 1):sum(2) end,
      linear = function() return nn.linear({ 4, 4 })(x:matmul(w):sum(2)) end,
    }
    for name, f in pairs(meetings) do
      local l = f()
      local parameters = name == "batch_norm" and net:parameters() or { w }
      assert.error_matches(function() as.per_sample_norms(l, parameters) end, here .. name .. place)
    end
  end)
  it("where what is known ends", function()
    local p = as.randn(3):requires_grad_()
    local l = x:matmul(w):maximum(p):sum(2)
    assert.error_matches(function() as.per_sample_grad(l, { p }) end,
      "a parameter goes into maximum.*, whose gradient of one item is not known")
    local own = as.randn(4, 3):requires_grad_()
    assert.error_matches(function() as.per_sample_grad((x:matmul(w) + own):sum(2), { own }) end,
      "parameter 1 lies along the batch of 4 items in add")
    assert.error_matches(function() as.per_sample_norms(x:matmul(w), { w }) end,
      "the losses are f32%[4,3%], expected %[B%]")
    assert.error_matches(function() as.per_sample_norms(x:slice(1, 5, 4):matmul(w):sum(2), { w }) end,
      "the losses are f32%[0%]: there is no item")
    local spent = x:matmul(w):sum(2)
    spent:sum():backward()
    assert.error_matches(function() as.per_sample_norms(spent, { w }) end,
      "an earlier backward%(%) has freed this graph")
  end)
end)
