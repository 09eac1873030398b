local as = require "assay"
local nn = require "assay.nn"

-- A network that gives the same numbers whatever comes; calls holds the levels it was asked at.
local function constant(values, calls)
  local net = nn.linear { #values, #values }
  net.weight:zero_()
  net.bias:copy_(as.tensor(values))
  return nn.module {
    net = net,
    forward = function(self, x, sigma)
      if calls then
        calls[#calls + 1] = { x = x:detach(), sigma = sigma:detach() }
      end
      return self.net(x * 0)
    end,
  }
end

local x0 <const>, d_t <const>, d_f <const> = { 1, -0.5 }, { 0.6, -0.1 }, { 0.8, -0.4 }
local z <const>, real <const> = as.tensor { { 0.3, -1 } }, as.tensor { { 5, 5 } }
local two <const> = { levels = 2, sigma_min = 2, sigma_max = 2 + 1e-9 } -- a grid of 2 alone

-- A distiller over constants; o's student, fake, teacher stand in their place.
local function distil(o)
  o[1] = "dmd2"
  o.student, o.fake = o.student or constant(x0), o.fake or constant(d_f)
  o.teacher = o.teacher or constant(d_t)
  o.clip, o.gan_max = o.clip or 0, o.gan_max or 1
  o.student_optimizer = as.optim.sgd { o.student, lr = o.lr or 1 }
  o.fake_optimizer = as.optim.sgd { o.fake, lr = o.lr or 1 }
  o.lr = nil
  return as.distiller(o), o
end

local function on_grid(o)
  for name, value in pairs(two) do
    o[name] = value
  end
  return distil(o)
end

local function near(expected, found)
  for k, value in ipairs(expected) do
    assert.near(value, found[k], 1e-6)
  end
end

describe("distillers/dmd2", function()
  it("draws from the grid 0.002, 0.169752756, 2.51521898, 17.5278320, 80", function()
    local calls, known = {}, { 0.002, 0.169752756, 2.51521898, 17.5278320, 80 }
    local distiller = distil { levels = 5, fake = constant(d_f, calls), lr = 0 }
    distiller:step(as.zeros(500, 2))
    local levels = calls[2].sigma:sort(1) -- of the fake's loss, its second call
    local distinct, last = {}, -1
    for _, value in ipairs(levels:tolist()) do
      if value > last * 1.0001 then
        distinct[#distinct + 1], last = value, value
      end
    end
    assert.equal(5, #distinct)
    for k, value in ipairs(known) do
      assert.near(1, distinct[k] / value, 1e-6)
    end
  end)

  it("matches from 2 to 98 % of the grid: numbers 20 to 980 of 1000", function()
    local calls = {}
    distil { teacher = constant(d_t, calls), lr = 0 }:step(as.zeros(20000, 2))
    local low, high = 0.002 ^ (1 / 7), 80 ^ (1 / 7)
    local number = (calls[1].sigma:double():power(1 / 7) - low) * (999 / (high - low))
    assert.near(20, number:min():item(), 1e-2)
    assert.near(980, number:max():item(), 1e-2)
  end)

  it("has the paper's levels: numbers 249, 499, 749 and 999 of 1000, up to 80 and up to 20", function()
    local known = {
      [80] = { [0.249] = 0.168084, [0.499] = 2.503974, [0.749] = 17.498106, [0.999] = 80 },
      [20] = { [0.249] = 0.075496, [0.499] = 0.821381, [0.749] = 4.854603, [0.999] = 20 },
    }
    for sigma_max, levels in pairs(known) do
      for share, level in pairs(levels) do
        local calls = {}
        distil {
          teacher = constant(d_t, calls), sigma_max = sigma_max, dm_low = share, dm_high = share,
        }:step(z)
        assert.near(1, calls[1].sigma:item() / level, 1e-5)
      end
    end
  end)

  it("has the known answers: L_dm 0.203125, its gradient, L_F 0.10625 at sigma 2", function()
    local distiller, o = on_grid {}
    assert.near(0.10625, distiller:step(z):item(), 1e-6)
    assert.near(0.203125, distiller.reports.dm, 1e-7)
    assert.near(0.10625, distiller.reports.fake, 1e-6)
    near({ 0.75, -0.125 }, o.student.net.bias:tolist()) -- x0 - (0.25, -0.375)
    -- d L_F / d D_F = 2 4.25 (D_F - x0) / 2, against the image of before the generator's move
    near({ 0.8 + 4.25 * 0.2, -0.4 - 4.25 * 0.1 }, o.fake.net.bias:tolist())
    near(d_t, o.teacher.net.bias:tolist())
    assert.is_nil(o.fake.net.bias.grad)
    assert.is_nil(o.student.net.bias.grad)
  end)

  it("has the GAN's known answers: logits -0.7 of generated, 1.2 of real", function()
    local function disc(x) return x:sum(2):gt(50):where(as.full(1.2, #x), as.full(-0.7, #x)) end
    local distiller = on_grid { disc = disc }
    local loss = distiller:step(z, nil, real * 10):item() -- (50, 50), with noise of 2
    assert.near(1.103186049, distiller.reports.gan_generator, 1e-6)
    assert.near(0.666468516, distiller.reports.gan_discriminator, 1e-6)
    assert.near(0.10625 + 1e-2 * 0.666468516, loss, 1e-6)
    local mixed = on_grid { disc = function(x) return as.tensor { -0.7, 0.3 } + x:sum(2) * 0 end }
    mixed:step(as.zeros(2, 2), nil, real:tile(2, 1))
    assert.near(0.828770647, mixed.reports.gan_generator, 1e-6)
  end)

  it("passes the GAN's gradient through fake and head to the student, and trains both in the fake's turn",
    function()
      local fake, head = constant(d_f), nn.linear { 2, 1 }
      head.weight:copy_(as.tensor { { 1, 2 } })
      head.bias:fill_(0)
      local scale = as.full(1, 2):requires_grad_()
      local disc = function(x) return head(x * scale):squeeze(2) end
      local fake_all = as.optim.sgd { fake, head, scale, lr = 1 }
      local student = constant(x0)
      local o = { "dmd2", student = student, fake = fake, teacher = constant(d_t), disc = disc,
        matching = false, lam_gen = 1, lam_dis = 1, clip = 0, gan_max = 1,
        student_optimizer = as.optim.sgd { student, lr = 1 }, fake_optimizer = fake_all,
        levels = 2, sigma_min = 1e-9, sigma_max = 1e9 }
      as.distiller(o):step(z, nil, real)
      -- l = x1 + 2 x2 = 0: d softplus(-l) / d x0 = -(1, 2) / 2
      near({ 1.5, 0.5 }, student.net.bias:tolist())
      -- d L_D / d head = x0 / 2 - real (1 - sigmoid(15)): the image of before; d / d scale = its product
      local miss = 1 - 1 / (1 + math.exp(-15))
      near({ 1 - 0.5 + 5 * miss, 2 + 0.25 + 5 * miss }, head.weight:tolist()[1])
      near({ 1 - 0.5 + 5 * miss, 1 + 0.5 + 10 * miss }, scale:tolist())
      assert.is_nil(head.weight.grad)
      assert.is_nil(scale.grad)
    end)

  it("R = 5: 11 steps are 3 generator updates and 11 of the fake, also over a saved state", function()
    local distiller, o = on_grid { ratio = 5, lr = 1e-3 }
    local moved, fake_moved, before = 0, 0, o.student.net.bias:clone()
    for t = 0, 10 do
      o.fake.net.bias:copy_(as.tensor(d_f))
      distiller:step(z)
      local turn = (o.student.net.bias - before):abs():max():item() > 0
      assert.equal(t % 5 == 0, turn)
      moved = moved + (turn and 1 or 0)
      fake_moved = fake_moved + ((o.fake.net.bias - as.tensor(d_f)):abs():max():item() > 0 and 1 or 0)
      before = o.student.net.bias:clone()
      assert.is_nil(o.fake.net.bias.grad)
      if t == 6 then
        local state = distiller:state()
        distiller = as.distiller(o)
        distiller:load(state)
      end
    end
    assert.equal(3, moved)
    assert.equal(11, fake_moved)
    assert.equal(3, distiller.reports.generator_updates)
  end)

  it("clips each group's gradient", function()
    local distiller, o = on_grid { clip = 0.1 }
    distiller:step(z)
    assert.near(0.1, (o.student.net.bias - as.tensor(x0)):square():sum():sqrt():item(), 1e-6)
    assert.near(0.1, (o.fake.net.bias - as.tensor(d_f)):square():sum():sqrt():item(), 1e-6)
  end)

  it("starts a one-step generator at tau_1 z", function()
    local calls = {}
    distil { student = constant(x0, calls), schedule = { 20 } }:step(z)
    assert.equal(1, #calls)
    near({ 6, -20 }, calls[1].x:tolist()[1])
    assert.equal(20, calls[1].sigma:item())
  end)

  it("simulates the generator's steps: k - 1 without history, fresh noise at each level", function()
    local calls, levels, seen = {}, { 4, 1, 1e-9 }, { 0, 0, 0 }
    local distiller = distil { student = constant(x0, calls), schedule = levels, ratio = 1, lr = 0 }
    local noise = as.randn(400, 2)
    for _ = 1, 60 do
      for i = #calls, 1, -1 do
        calls[i] = nil
      end
      distiller:step(noise)
      seen[#calls] = seen[#calls] + 1
      for k, call in ipairs(calls) do
        assert.near(levels[k], call.sigma:max():item(), 1e-9)
        if k == 1 then
          assert.equal(0, (call.x - noise * 4):abs():max():item())
        else -- x0 + tau_k eps, where eps is neither z nor that of another step
          local eps = (call.x - as.tensor(x0)) / levels[k]
          if k == 2 then
            assert.near(1, eps:square():mean():item(), 0.25)
            assert.near(0, (eps * noise):mean():item(), 0.18)
          else
            assert.near(0, (call.x - as.tensor(x0)):abs():max():item(), 1e-6)
          end
        end
      end
    end
    for k = 1, 3 do
      assert.is_true(seen[k] >= 8) -- 20 expected, deviation 3.7
    end
  end)

  it("noises real items in place of its own where it is told to", function()
    local calls = {}
    local distiller = distil { student = constant(x0, calls), schedule = { 2, 1e-9 }, inputs = "real" }
    local low = 0
    for _ = 1, 20 do
      distiller:step(z, nil, real:tile(3, 1))
      local call = calls[#calls]
      assert.same({ 3, 2 }, call.x:shape())
      if call.sigma:max():item() < 1 then
        low = low + 1
        assert.near(0, (call.x - real):abs():max():item(), 1e-6)
      end
    end
    assert.equal(20, #calls)
    assert.is_true(low > 2 and low < 18)
  end)

  it("hands every network the labels", function()
    local seen = {}
    local function net(name, values)
      local inner = constant(values)
      return nn.module {
        net = inner.net, forward = function(_, x, sigma, labels)
          seen[name] = labels:tolist()
          return inner(x, sigma)
        end,
      }
    end
    local of_disc = {}
    distil { student = net("student", x0), fake = net("fake", d_f), teacher = net("teacher", d_t),
      disc = function(x, _, labels)
        of_disc[#of_disc + 1] = labels:tolist()
        return x:sum(2)
      end }:step(z:tile(2, 1), as.i64 { 3, 7 }, real, as.i64 { 9 })
    assert.same({ student = { 3, 7 }, fake = { 3, 7 }, teacher = { 3, 7 } }, seen)
    assert.same({ { 3, 7 }, { 3, 7 }, { 9 } }, of_disc)
  end)

  it("refuses bad input", function()
    local function fails(text, o, ...)
      local inputs = table.pack(...)
      assert.error_matches(function()
        distil(o):step(inputs[1] or z, table.unpack(inputs, 2, inputs.n))
      end, text, 1, true)
    end
    local disc = function(x) return x:sum(2) end
    fails("ratio = 0 is outside 1 to", { ratio = 0 })
    fails("disc was given, so the step needs the batch real", { disc = disc })
    fails('inputs = "real" needs the batch real', { inputs = "real" })
    fails("schedule: 3 follows 3, expected levels that fall", { schedule = { 9, 3, 3 } })
    fails("schedule is empty", { schedule = {} })
    fails("sigma_min = 90 is not below sigma_max = 80", { sigma_min = 90 })
    fails("gan_max = 11 is above levels = 10", { levels = 10, gan_max = 11 })
    fails("dm_low = 0.9 is above dm_high = 0.5", { dm_low = 0.9, dm_high = 0.5 })
    fails("matching = false without disc: nothing teaches the student", { matching = false })
    fails("real was given with labels, but without real_labels", { disc = disc }, z, as.i64 { 1 }, real)
    fails("teacher: returned f32[1,3], expected f32[B,...]",
      { teacher = function(x) return as.zeros(#x, 3) end })
    fails("what the teacher returned holds NaN or infinity", { teacher = function(x) return x / 0 end })
    fails("what the fake returned holds NaN or infinity", { fake = constant { 1 / 0, 0 } })
    fails("what the student returned holds NaN or infinity", { student = constant { 0 / 0, 0 } })
    local same = constant(d_t)
    fails("fake and teacher share the parameter net.weight", { fake = same, teacher = same })
    fails("student and teacher share the parameter", { student = same, teacher = same })
    fails("student and fake share the parameter", { student = same, fake = same })
  end)
end)
