local as = require "assay"
local nn = require "assay.nn"

-- A network A x + b of its own parameters, x [B,D]; a pair of constants is A = 1e-9, which has a gradient.
local function linear(b, a)
  local net = nn.linear { #b, #b }
  net.weight:zero_()
  for i = 1, #b do
    for k = 1, #b do
      net.weight[i][k]:fill_(i == k and (a or 1e-9) or 0)
    end
  end
  net.bias:copy_(as.tensor(b))
  return nn.module { net = net, forward = function(self, x) return self.net(x) end }
end

local x0 <const>, d_t <const>, d_f <const> = { 0.3, -0.2 }, { 0.1, 0 }, { 0.25, -0.3 }
local z <const> = as.zeros(1, 2)

-- One level: 0.8, if nothing else is said.
local function distil(o)
  o[1] = "sim"
  o.student, o.fake = o.student or linear(x0, 0), o.fake or linear(d_f)
  o.teacher = o.teacher or linear(d_t)
  o.sigma_min = o.sigma_min or 0.8
  o.sigma_max = o.sigma_max or o.sigma_min + 1e-9
  o.student_optimizer = as.optim.sgd { o.student, lr = o.lr or 1 }
  o.fake_optimizer = as.optim.sgd { o.fake, lr = 0 }
  o.lr = nil
  return as.distiller(o), o
end

local function loss_of(o)
  local distiller = distil(o)
  distiller:step(z)
  return distiller.reports.generator
end

-- What SGD of rate 1 took from the student's bias.
local function gradient(o)
  local distiller, given = distil(o)
  local before = given.student.net.bias:clone()
  distiller:step(z)
  return (before - given.student.net.bias):tolist(), distiller.reports.generator
end

-- Gaussians: teacher N(0,1), student N(theta, v), exact denoisers of sigma.
local theta <const>, v <const>, sigma <const> = 1.5, 0.25, 0.7

local function gaussians(o, items)
  local student = linear({ theta }, math.sqrt(v))
  o.student, o.sigma_init = student, 1
  o.fake = linear({ sigma ^ 2 * theta / (v + sigma ^ 2) }, v / (v + sigma ^ 2))
  o.teacher = linear({ 0 }, 1 / (1 + sigma ^ 2))
  o.sigma_min, o.units = sigma, "score"
  local distiller = distil(o)
  distiller:step(as.zeros(items, 1))
  return theta - student.net.bias:item()
end

describe("distillers/sim", function()
  it("has the known losses in the unit of scores", function()
    assert.near(-0.0758375574, loss_of { units = "score", c = 0.5 }, 1e-7)
    assert.near(-0.10986328125, loss_of { units = "score", distance = "l2" }, 1e-7)
  end)

  it("softens to both limits: c L to half of the squared, and L to the scores' norm", function()
    assert.near(-0.0549316406, 1e4 * loss_of { units = "score", c = 1e4 }, 1e-7)
    assert.near(-0.1048156864, loss_of { units = "score", c = 1e-6 }, 1e-7)
  end)

  it("is the same in the unit of denoisers: c 0.5 is c_D 0.32, over the mean |x0 - D_T| = 0.2", function()
    local of_d = loss_of { c = 0.32 / math.sqrt(2) / 0.5, sigma_data = 0.5 }
    assert.near(-0.0758375574 * 0.64 / 0.2, of_d, 1e-6)
    -- SiD's (D_T - D_F)^T ((D_T - x0) - alpha (D_T - D_F)) = -0.0225 at alpha 1; |D_T - D_F|^2 = 0.1125
    assert.near(-0.0225 / 0.2, loss_of { distance = "l2" }, 1e-6)
    assert.near((-0.0225 - 0.2 * 0.1125) / 0.2, loss_of { distance = "l2", alpha = 1.2 }, 1e-6)
  end)

  it("has the known gradient where the networks give constants: -x0's path alone", function()
    local found = gradient { units = "score", c = 0.5 }
    assert.near(0.50558372, found[1], 1e-6)
    assert.near(-1.01116743, found[2], 1e-6)
  end)

  it("differentiates through both networks and d': against differences with linear denoisers", function()
    for _, o in ipairs { { c = 0.5 }, { distance = "l2" }, { distance = "l2", alpha = 1.2 } } do
      o.units, o.fake, o.teacher, o.lr = "score", linear(d_f, 0.4), linear(d_t, 0.7), 0
      local distiller = distil(o)
      local state, bias = distiller:state(), o.student.net.bias
      local function at(x, y) -- the same noise each time
        bias:copy_(as.tensor { x, y })
        distiller:load(state)
        distiller:step(z)
        return distiller.reports.generator
      end
      local h <const> = 1e-2
      local difference = {
        (at(x0[1] + h, x0[2]) - at(x0[1] - h, x0[2])) / (2 * h),
        (at(x0[1], x0[2] + h) - at(x0[1], x0[2] - h)) / (2 * h),
      }
      o.student_optimizer.lr = 1
      at(x0[1], x0[2])
      local moved = bias:tolist()
      for k = 1, 2 do
        assert.near(difference[k], x0[k] - moved[k], 1e-3)
      end
    end
  end)

  it("is the theorem's left side: Gaussians, both distances", function()
    -- 2 theta / ((1 + sigma^2) (v + sigma^2)); of 400,000 draws the mean has deviations below 0.01
    assert.near(2.720841647, 2 * theta / ((1 + sigma ^ 2) * (v + sigma ^ 2)), 1e-9)
    assert.near(2.720841647, gaussians({ distance = "l2" }, 400000), 0.04)
    -- E d'(y)^T ds_p/dtheta by the rectangle rule: y = s_p - s_q, ds_p/dtheta = 1 / (v + sigma^2)
    local left, total, step = 0, v + sigma ^ 2, 1e-3
    for k = -8000, 8000 do
      local t = k * step
      local x = theta + math.sqrt(total) * t
      local y = -(x - theta) / total + x / (1 + sigma ^ 2)
      left = left + step * math.exp(-t * t / 2) / math.sqrt(2 * math.pi) * y / math.sqrt(y * y + 0.25) / total
    end
    assert.near(1.054457798, left, 1e-8)
    assert.near(1.054457798, gaussians({ c = 0.5 }, 400000), 0.02)
  end)

  it("has loss and gradient 0 where both networks agree", function()
    for _, o in ipairs { { c = 0.5 }, { distance = "l2" }, { distance = "l2", alpha = 1.2 } } do
      o.fake, o.teacher = linear(d_t, 0.3), linear(d_t, 0.3)
      local found, loss = gradient(o)
      assert.equal(0, loss)
      assert.same({ 0, 0 }, found)
    end
  end)

  it("takes one norm an item, not one a number", function()
    -- |y| of two equal numbers a is sqrt(2) a: by number the loss would be 2 a r / sqrt(a^2 + c^2)
    local o = { units = "score", c = 1e-6, teacher = linear { 0, 0 }, fake = linear { 0.25, 0.25 } }
    local r = (0.25 - 0.3) + (0.25 + 0.2)
    assert.near(-r / math.sqrt(2) / 0.64, loss_of(o), 1e-5)
  end)

  it("draws levels from sigma_min to the 0.8th of the grid", function()
    local sigmas
    local net = linear(d_t)
    local function teacher(x, level)
      sigmas = level:detach():double()
      return net(x)
    end
    distil { teacher = teacher, sigma_min = 0.002, sigma_max = 80, lr = 0 }:step(as.zeros(50000, 2))
    local low, high = 0.002 ^ (1 / 7), 80 ^ (1 / 7)
    local u = (sigmas:power(1 / 7) - low) / (high - low)
    assert.near(0, u:min():item(), 1e-3)
    assert.near(0.8, u:max():item(), 1e-3)
    assert.near(0.4, u:mean():item(), 5e-3)
  end)

  it("moves the student by fresh noise in every ratio-th step, the fake in all, the teacher never", function()
    local _, o = distil { ratio = 3, lr = 0.01 }
    o.fake_optimizer = as.optim.sgd { o.fake, lr = 0.01 }
    local distiller, turns = as.distiller(o), {}
    for t = 1, 7 do
      local student, fake = o.student.net.bias:clone(), o.fake.net.bias:clone()
      distiller:step(z)
      turns[t] = (o.student.net.bias - student):abs():max():item() > 0
      assert.is_true((o.fake.net.bias - fake):abs():max():item() > 0)
      assert.is_nil(o.fake.net.bias.grad)
      if t == 4 then
        local state = distiller:state()
        distiller = as.distiller(o)
        distiller:load(state)
      end
    end
    assert.same({ false, false, true, false, false, true, false }, turns)
    assert.equal(0, (o.teacher.net.bias - as.tensor(d_t)):abs():max():item())
  end)

  it("refuses bad input", function()
    local function fails(text, o, input)
      assert.error_matches(function() distil(o):step(input or z) end, text, 1, true)
    end
    local net = linear(d_t)
    local detached = "teacher has no gradient in its input, expected one: sim differentiates through it"
    fails(detached, { teacher = function(x) return net(x:detach()) end })
    fails(detached, { teacher = function(x) return as.no_grad(function() return net(x) end) end })
    fails("fake has no gradient in its input", { fake = linear(d_f, 0) })
    fails("c = 0 is outside", { c = 0 })
    fails("c = -1 is outside", { c = -1 })
    fails('alpha = 1.2 with distance = "pseudo_huber", expected 1', { alpha = 1.2 })
    fails("sigma_min = 0 is outside", { sigma_min = 0 })
    fails("sigma_init = -1 is outside", { sigma_init = -1 })
    fails("sigma_min = 3 is not below sigma_max = 2", { sigma_min = 3, sigma_max = 2 })
    fails("what the teacher returned holds NaN or infinity", { teacher = function(x) return x / 0 end })
    local same = linear(d_t)
    fails("fake and teacher share the parameter", { fake = same, teacher = same })
    fails("teacher: returned f32[1,3], expected f32[B,...]",
      { teacher = function(x) return as.zeros(#x, 3) end })
  end)
end)
