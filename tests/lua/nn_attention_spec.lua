-- Embeddings and attention: closed forms, shapes, gradients against central differences in f64.
local as = require "assay"
local nn = require "assay.nn"
local gradients = dofile(debug.getinfo(1, "S").source:match "^@(.*/)" .. "gradients.lua")

local function near(expected, x, tolerance)
  for i, v in ipairs(x:flatten():tolist()) do
    assert.near(expected[i], v, tolerance or 1e-6)
  end
end

describe("embeddings of time", function()
  it("sinusoidal: sines, then cosines, of t times falling frequencies", function()
    local net = nn.sinusoidal { 4, period = 100 } -- frequencies 1 and 100^(-1/2)
    local y = net(as.tensor { 0, 2 })
    assert.same({ 2, 4 }, y:shape())
    near({ 0, 0, 1, 1, math.sin(2), math.sin(0.2), math.cos(2), math.cos(0.2) }, y)
    near({ math.sin(3), math.sin(0.3), math.cos(3), math.cos(0.3) }, net(as.i64 { 3 }))
    assert.equal(0, #net:parameters())
    assert.same({ "frequencies" }, { table.unpack(net:state()) })
  end)
  it("fourier: frequencies drawn once and saved", function()
    local net, other = nn.fourier { 256, scale = 3 }, nn.fourier { 256, scale = 3 }
    local t = as.tensor { 0.1, 0.7 }
    local y = net(t)
    assert.same({ 2, 256 }, y:shape())
    near({ 1 }, (y[1][1]:square() + y[1][129]:square()):reshape(1)) -- sin^2 + cos^2
    assert.near(3 * 2 * math.pi, net.frequencies:square():mean():sqrt():item(), 3)
    assert.is_false(other(t):equal(y))
    assert.is_true(other:load(net:state())(t):equal(y))
  end)
  it("positions are added, and start at 0", function()
    local net = nn.positions { 3, 2 }
    local x = as.tensor { { { 1, 2 }, { 3, 4 } } }
    assert.is_true(net(x):equal(x))
    net.weight:copy_(as.tensor { { 1, 1 }, { 2, 2 }, { 3, 3 } })
    near({ 2, 3, 5, 6 }, net(x))
    assert.error_matches(function() net(as.zeros(1, 4, 2)) end, "nn.positions 3: input of 4 places")
  end)
  it("refuse odd sizes", function()
    assert.error_matches(function() nn.fourier { 3 } end, "%[1%] %(size%) is 3, expected an even number")
  end)
end)

-- Attention with every projection the identity: softmax(x x^T / sqrt(D)) x.
local function identity_attention(o)
  local net = nn.attention(o)
  local eye = as.tensor { { 1, 0 }, { 0, 1 } }
  for i, name in ipairs(net:named_parameters()) do
    local x = net:parameters()[i]
    if name:find "bias" then
      x:zero_()
    else
      local copies = {}
      for k = 1, x:size(1) // 2 do
        copies[k] = eye
      end
      x:copy_(as.concat(copies, 1))
    end
  end
  return net
end

describe("attention", function()
  local x = as.tensor { { { 1, 0 }, { 0, 2 } } }
  local a = math.exp(1 / math.sqrt(2)) -- scores of the first place: 1/sqrt(2), 0
  local b = math.exp(4 / math.sqrt(2)) -- of the second: 0, 4/sqrt(2)
  it("is softmax(q k / sqrt(d)) v", function()
    near({ a / (a + 1), 2 / (a + 1), 1 / (1 + b), 2 * b / (1 + b) }, identity_attention({ 2, 1 })(x))
  end)
  it("over two heads of size 1 mixes each feature alone", function()
    local e, f = math.exp(1), math.exp(4) -- scores 1, 0 | 0, 0 in head 1, 0, 0 | 0, 4 in head 2
    near({ e / (e + 1), 1, 0.5, 2 * f / (1 + f) }, identity_attention({ 2, 2 })(x))
  end)
  it("causal sees no later place, whatever stands there", function()
    local net = identity_attention { 2, 1, causal = true }
    near({ 1, 0, 1 / (1 + b), 2 * b / (1 + b) }, net(x))
    net = nn.attention { 8, 2, causal = true }
    local long = as.randn(2, 5, 8)
    local other = as.concat({ long:slice(2, 1, 3), as.randn(2, 2, 8) }, 2)
    assert.is_true(net(long):slice(2, 1, 3):equal(net(other):slice(2, 1, 3)))
  end)
  it("takes a mask added to the scores", function()
    local mask = as.tensor { { 0, -math.huge }, { -math.huge, 0 } }
    near({ 1, 0, 0, 2 }, identity_attention({ 2, 1 })(x, mask))
  end)
  it("across: as many places as asked, of another size", function()
    local net = nn.attention { 8, 2, context = 6 }
    assert.same({ 3, 4, 8 }, net(as.randn(3, 4, 8), as.randn(3, 7, 6)):shape())
    local names = { table.unpack(net:named_parameters()) }
    assert.same({ "query.weight", "query.bias", "keys_values.weight", "keys_values.bias", "out.weight",
      "out.bias" }, names)
    assert.error_matches(function() net(as.randn(3, 4, 8)) end, "cross%-attention needs a context")
    -- the order of the context does not matter
    local q, s = as.randn(1, 2, 8), as.randn(1, 3, 6)
    local turned = s:index_select(as.i64 { 2, 0, 1 }, 2)
    assert.near(0, (net(q, s) - net(q, turned)):abs():max():item(), 1e-6)
  end)
  it("refuses what does not divide, and causal cross-attention", function()
    assert.error_matches(function() nn.attention { 10, 4 } end, "size 10 does not divide into 4 heads")
    assert.error_matches(function() nn.attention { 8, 4, context = 8, causal = true } end, "cannot be causal")
  end)
  it("has the gradients of its values", function()
    gradients.check(nn.attention { 4, 2, causal = true }, { as.randn(2, 3, 4) })
    gradients.check(nn.attention { 4, 2, context = 2 }, { as.randn(1, 2, 4), as.randn(1, 3, 2) })
  end)
end)

describe("a transformer block", function()
  it("keeps the shape, and adds to what came in", function()
    local net = nn.transformer_block { 8, 2, causal = true }
    local x = as.randn(2, 5, 8)
    assert.same({ 2, 5, 8 }, net(x):shape())
    for _, p in ipairs(net:group({ "attention.out", "narrow" }):parameters()) do
      p:zero_()
    end
    assert.is_true(net(x):equal(x))
    assert.equal(12, #net:parameters())
  end)
  it("with a context looks across too", function()
    local net = nn.transformer_block { 8, 2, context = 3, widen = 2 }
    local x = as.randn(1, 2, 8)
    assert.is_false(net(x, as.randn(1, 4, 3)):equal(net(x, as.randn(1, 4, 3))))
    assert.same({ 16, 8 }, net.widen.weight:shape())
    assert.same({ 8, 16 }, net.narrow.weight:shape())
    gradients.check(net, { x, as.randn(1, 2, 3) })
  end)
  it("goes through state, clone and taps", function()
    local net = nn.transformer_block { 4, 1, causal = true }
    local x = as.randn(1, 3, 4)
    local y, read = net:call { x, read = { "attention" } }
    assert.same({ 1, 3, 4 }, read.attention:shape())
    local other = nn.transformer_block { 4, 1, causal = true }
    assert.is_true(other:load(net:state())(x):equal(y))
    assert.is_true(net:clone()(x):equal(y))
  end)
end)
