-- Blocks and the UNet: shapes, identities, skips that are read, replaced and scaled, gradients in f64.
local as = require "assay"
local nn = require "assay.nn"
local gradients = dofile(debug.getinfo(1, "S").source:match "^@(.*/)" .. "gradients.lua")

local function same_values(expected, x)
  assert.same(expected, x:flatten():tolist())
end

local function zero(net, names)
  for _, p in ipairs(net:group(names):parameters()) do
    p:zero_()
  end
end

describe("blocks", function()
  it("list: children with names, for a forward of one's own", function()
    local list = nn.list { nn.linear { 2, 3 }, nn.relu { name = "act" } }
    assert.equal(2, #list)
    assert.same({ "1.weight", "1.bias" }, { table.unpack(list:named_parameters()) })
    assert.same({ "1", "act" }, list:taps())
    assert.error_matches(function() list(as.zeros(2)) end, "a list is not called")
    assert.error_matches(function() nn.list { 3 } end, "item 1 is a number, expected a model")
  end)
  it("residual: body plus shortcut, scaled", function()
    local double, third = nn.func(function(x) return x * 2 end), nn.func(function(x) return x * 3 end)
    local x = as.tensor { 1, -1 }
    same_values({ 3.0, -3.0 }, nn.residual { double }(x))
    same_values({ 2.5, -2.5 }, nn.residual { double, shortcut = third, scale = 0.5 }(x))
    same_values({ 5.0, -1.0 }, nn.residual { double, nn.relu {}, double }(x))
  end)
  it("film: x (1 + scale) + shift", function()
    local net = nn.film { 1, 2 }
    net.project.weight:copy_(as.tensor { { 1 }, { 2 }, { 3 }, { 4 } })
    net.project.bias:zero_()
    same_values({ 5.0, 7.0 }, net(as.tensor { { 1, 1 } }, as.tensor { { 1 } })) -- 1 (1+1) + 3, 1 (1+2) + 4
    local image = nn.film { 3, 2, zero = true }
    local x = as.randn(2, 2, 4, 4)
    assert.is_true(image(x, as.randn(2, 3)):equal(x))
    gradients.check(nn.film { 3, 2 }, { as.randn(2, 2, 2, 2), as.randn(2, 3) })
  end)
  it("res_block: a shortcut where channels change, and the second convolution closes it", function()
    local net = nn.res_block { 4, 8, condition = 5, groups = 2 }
    local x, c = as.randn(2, 4, 6, 6), as.randn(2, 5)
    assert.same({ 2, 8, 6, 6 }, net(x, c):shape())
    zero(net, { "conv2" })
    assert.is_true(net(x, c):equal(net.shortcut(x)))
    local plain = nn.res_block { 4, 4, groups = 2, scale = 0.5 }
    zero(plain, { "conv2" })
    assert.is_true(plain(x):equal(x * 0.5))
    assert.error_matches(function() nn.res_block { 4, 4, film = true, groups = 2 } end, "film needs the size")
  end)
  it("res_block has the gradients of its values, with FiLM and without", function()
    for _, film in ipairs { false, true } do
      local net = nn.res_block { 2, 4, condition = 3, groups = 2, film = film }
      gradients.check(net, { as.randn(2, 2, 3, 3), as.randn(2, 3) }, 2)
    end
  end)
  it("upsample repeats each item", function()
    local y = nn.upsample { 2 }(as.tensor { { { { 1, 2 }, { 3, 4 } } } })
    same_values({ 1.0, 1.0, 2.0, 2.0, 1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 3.0, 3.0, 4.0, 4.0 }, y)
    local row = as.tensor { { { { 1, 2 } } } }
    same_values({ 1.0, 1.25, 1.75, 2.0 }, nn.upsample({ 2, bilinear = true })(row)[1][1][1])
  end)
end)

-- 8x8 and 4x4, 16 and 32 channels, six skips
local function all_skips(o)
  o = o or {}
  return nn.unet {
    1, 1, channels = { 8, 16 }, blocks = 2, skips = "all", groups = 4, film = o.film, classes = o.classes,
  }
end

describe("unet", function()
  local x, t = as.randn(2, 1, 8, 8), as.tensor { 0.5, 30 }
  it("with one skip a level has the parameters one counts", function()
    local net = nn.unet { 1, 1, channels = { 32, 64 }, middle = 128 }
    local n = 0
    for _, p in ipairs(net:parameters()) do
      n = n + p:count()
    end
    assert.equal(656961, n) -- as the same network written in PyTorch counts
    assert.same({ "skips.1", "skips.2" }, (net:skip_taps()))
    assert.same({ 2, 1, 28, 28 }, net(as.randn(2, 1, 28, 28), t):shape())
  end)
  it("with all skips joins every stage of the encoder", function()
    local net = all_skips()
    local skips, bodies = net:skip_taps()
    assert.equal(6, #skips)
    local y, h = net:call { x, t, read = { skips[1], skips[3], skips[6], bodies[1], bodies[6] } }
    assert.same({ 2, 1, 8, 8 }, y:shape())
    assert.same({ 2, 16, 4, 4 }, h[skips[1]]:shape())
    assert.same({ 2, 8, 4, 4 }, h[skips[3]]:shape()) -- what the strided convolution made
    assert.same({ 2, 8, 8, 8 }, h[skips[6]]:shape())
    assert.same({ 2, 16, 4, 4 }, h[bodies[1]]:shape())
    assert.is_true(h[skips[6]]:equal(net.encoder[1](x))) -- the last is the first stage's
  end)
  it("depends on the time and on the class", function()
    local net = all_skips { classes = 3, film = true }
    local a = net(x, t, as.i64 { 0, 1 })
    assert.is_false(net(x, t + 1, as.i64 { 0, 1 }):equal(a))
    assert.is_false(net(x, t, as.i64 { 2, 1 }):equal(a))
    assert.near(0, (net(x, t, as.i64 { 2, 1 })[2] - a[2]):abs():max():item(), 1e-5)
  end)
  it("factors of 1 change no bit, 0 leaves the skips out", function()
    local net = all_skips()
    local y = net(x, t)
    assert.is_true(net:scale_skips({ 1, 1, 1, 1, 1, 1 })(x, t):equal(y))
    local none = net:scale_skips({ 0, 0, 0, 0, 0, 0 })(x, t)
    assert.is_false(none:equal(y))
    net:scale_skips { 1, 1, 1, 1, 1, 1 }
    local replace = {}
    for _, name in ipairs((net:skip_taps())) do
      replace[name] = function(h) return h * 0 end
    end
    assert.is_true((net:call { x, t, replace = replace }):equal(none))
  end)
  it("is differentiable in the factors", function()
    local net = nn.unet { 1, 1, channels = { 4 }, groups = 2 }
    local rho = as.tensor({ 0.7 }):requires_grad_()
    local function value(factor)
      return net:scale_skips({ factor })(x, t):square():sum()
    end
    local slope = as.grad(value(rho), rho):item()
    local difference = (value(0.71):item() - value(0.69):item()) / 0.02
    assert.near(difference, slope, 0.02 * math.abs(difference) + 0.05) -- f32 differences
  end)
  it("goes through state and clone", function()
    local net, other = all_skips(), all_skips()
    assert.is_true(other:load(net:state())(x, t):equal(net(x, t)))
    assert.is_true(net:clone()(x, t):equal(net(x, t)))
  end)
  it("has the gradients of its values", function()
    local net = nn.unet { 1, 1, channels = { 2, 4 }, groups = 2, time = 4 }
    gradients.check(net, { as.randn(1, 1, 4, 4), as.tensor { 0.4 } }, 1)
  end)
  it("refuses what it cannot build or scale", function()
    assert.error_matches(function() nn.unet { 1, 1, channels = 32 } end, "channels is not a list")
    assert.error_matches(function() nn.unet { 1, 1, channels = { 8 }, skips = "some" } end,
      'expected "level" or "all"')
    assert.error_matches(function() all_skips():scale_skips { 1, 1 } end, "2 factors, the net has 6 skips")
    assert.error_matches(function() all_skips():scale_skips { 1, 1, 1, 1, 1, -1 } end, "factor 6 is %-1")
  end)
end)
