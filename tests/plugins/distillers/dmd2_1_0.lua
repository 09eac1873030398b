local as = require "assay"
local nn = require "assay.nn"

-- The vocabulary of DMD2 against its page's numbers. A model that gives the same for every input:
local function constant(values)
  local net = nn.linear { 2, 2 }
  net.weight:zero_()
  net.bias:copy_(as.tensor(values))
  local function call(_, x)
    return net(x)
  end
  local offers = { taps = function() end, parameters = function() return net:parameters() end }
  return setmetatable(offers, { __call = call }), net
end

local noise <const> = as.zeros(1, 2)

local function distiller(o)
  local student, its_net = constant { 1, -0.5 }
  local fake, fake_net = constant { 0.8, -0.4 }
  local teacher = constant { 0.6, -0.1 }
  o[1], o.student, o.teacher = "dmd2_1_0", student, teacher
  o.fake, o.head = o.fake or fake, o.head
  o.student_optimizer = as.optim.sgd { student, lr = 1 }
  o.fake_optimizer = as.optim.sgd { o.fake, lr = 0.01 }
  o.sigma_min, o.sigma_max, o.levels = 2, 2.000001, 2 -- every draw is sigma = 2
  o.clip = 0
  return as.distiller(o), its_net, fake_net
end

describe("distillers/dmd2_1_0", function()
  it("has the surrogate and the critic's loss of the page's numbers", function()
    local d, student = distiller { lam_gen = 0 }
    local loss = d:step(noise)
    assert.near(0.203125, d.reports.matching, 1e-6)
    assert.near(0.10625, d.reports.fake, 1e-6) -- weight 1/4 + 1/0.25 = 4.25
    assert.near(0.10625, loss:item(), 1e-6)
    local moved = student.bias:tolist() -- x0 - lr [0.25, -0.375]
    assert.near(1 - 0.25, moved[1], 1e-6)
    assert.near(-0.5 + 0.375, moved[2], 1e-6)
  end)

  it("gives no gradient where fake and teacher agree", function()
    local same = constant { 0.6, -0.1 }
    local d, student = distiller { lam_gen = 0, fake = same }
    d:step(noise)
    assert.equal(0, d.reports.matching)
    assert.same(as.tensor({ 1, -0.5 }):tolist(), student.bias:tolist())
  end)

  it("updates the student at every fifth step, the critic at each", function()
    local d, student, fake = distiller { lam_gen = 0, ratio = 5 }
    local generator = 0
    for _ = 1, 11 do
      local was, fake_was = student.bias:tolist()[1], fake.bias:tolist()[1]
      d:step(noise)
      generator = generator + d.reports.generator
      assert.equal(d.reports.generator == 1, student.bias:tolist()[1] ~= was)
      assert.is_true(fake.bias:tolist()[1] ~= fake_was)
    end
    assert.equal(3, generator)
    assert.equal(11, d:state().t:item())
    assert.is_nil(student.bias.grad)
  end)

  it("reads a tap of the critic for the head: the GAN terms of the page", function()
    local fake = nn.seq { nn.identity { name = "h" }, nn.linear { 2, 2 } }
    local net = setmetatable({
      parameters = function() return fake:parameters() end,
      taps = function() return fake:taps() end,
      call = function(_, r) return fake:call { r[1], read = r.read } end,
    }, { __call = function(_, x) return fake(x) end })
    local seen
    local head = function(h) -- the logit of a generated item is -0.7, of a real one 1.2
      seen = h
      return h:sum(-1):detach() * 0 + (h:mean():item() > 50 and 1.2 or -0.7)
    end
    local d = distiller { lam_gen = 1, fake = net, head = head, tap = "h" }
    assert.error_matches(function()
      d:step(noise)
    end, "no real batch was given, and lam_gen = 1", 1, true)
    d:reset()
    d:step(noise, as.full(100, 1, 2))
    assert.near(1.103186049, d.reports.fool, 1e-6)
    assert.near(0.666468516, d.reports.discriminate, 1e-6)
    assert.same({ 1, 2 }, seen:shape())
    local wrong = distiller { lam_gen = 1, fake = net, head = head, tap = "g" }
    assert.error_matches(function() wrong:step(noise, noise) end, 'the model has no tap "g"', 1, true)
  end)

  it("refuses a schedule that does not fall and a teacher that is not finite", function()
    assert.error_matches(function()
      distiller { schedule = { 80, 17, 17 } }
    end, "17 at [2] is not below 17", 1, true)
    local d = distiller { lam_gen = 0, schedule = { 80, 17.5, 2.5 } }
    for _ = 1, 20 do
      d:step(noise)
    end
    assert.is_true(d:state().t:item() == 20)
    local broken_teacher = constant { 0 / 0, 0 }
    local broken = as.distiller {
      "dmd2_1_0", lam_gen = 0, student = constant { 1, 1 }, fake = constant { 1, 1 },
      teacher = broken_teacher,
      student_optimizer = as.optim.sgd { constant { 1, 1 }, lr = 1 },
      fake_optimizer = as.optim.sgd { constant { 1, 1 }, lr = 0.1 },
    }
    assert.error_matches(function() broken:step(noise) end, "teacher gave NaN or infinity", 1, true)
  end)
end)
