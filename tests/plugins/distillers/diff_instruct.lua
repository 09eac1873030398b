local as = require "assay"
local nn = require "assay.nn"

-- A x + b of its own parameters.
local function linear(b, a)
  local net = nn.linear { #b, #b }
  net.weight:zero_()
  for i = 1, #b do
    net.weight[i][i]:fill_(a or 0)
  end
  net.bias:copy_(as.tensor(b))
  return nn.module { net = net, forward = function(self, x) return self.net(x) end }
end

local function distil(o)
  o[1] = "diff_instruct"
  o.student, o.fake = o.student or linear { 1, -0.5 }, o.fake or linear { 0.8, -0.4 }
  o.teacher = o.teacher or linear { 0.6, -0.1 }
  o.student_optimizer = as.optim.sgd { o.student, lr = 1 }
  o.fake_optimizer = as.optim.sgd { o.fake, lr = o.fake_lr or 0 }
  o.fake_lr = nil
  return as.distiller(o), o
end

local z <const> = as.zeros(1, 2)

describe("distillers/diff_instruct", function()
  it("moves x0 by (D_F - D_T) / mean |x0 - D_T| over its numbers: 0.5 and -0.75, halved", function()
    local distiller, o = distil {}
    distiller:step(z)
    local moved = o.student.net.bias:tolist()
    assert.near(1 - 0.25, moved[1], 1e-6)
    assert.near(-0.5 + 0.375, moved[2], 1e-6)
    assert.near(0.203125, distiller.reports.generator, 1e-6)
    assert.near(math.sqrt(0.2 ^ 2 + 0.3 ^ 2), distiller.reports.gap, 1e-6)
  end)

  it("has no derivative through the networks", function()
    local seen
    local inner = linear({ 0.6, -0.1 }, 5)
    local distiller, o = distil { teacher = function(x)
      local y = inner(x)
      seen = y:detach()
      return y
    end, sigma_min = 1e-6, sigma_max = 1.1e-6 }
    distiller:step(z)
    -- D_T = 5 x0 + b = (5.6, -2.6): g = (0.8 - 5.6, -0.4 + 2.6) / mean(4.6, 2.1)
    local steep = o.student.net.bias:tolist()
    assert.near(5.6, seen:tolist()[1][1], 1e-4)
    assert.near(1 + 4.8 / 3.35 / 2, steep[1], 1e-5)
    assert.near(-0.5 - 2.2 / 3.35 / 2, steep[2], 1e-5)
  end)

  it("has EDM's loss of the fake on the student's samples: weight sigma^-2 + sd^-2", function()
    local distiller, o = distil { fake_mean = math.log(2), fake_deviation = 0, fake_lr = 1 }
    -- 4.25 mean(0.2^2, 0.1^2)
    assert.near(0.10625, distiller:step(z):item(), 1e-6)
    local moved = o.fake.net.bias:tolist()
    assert.near(0.8 + 4.25 * 0.2, moved[1], 1e-5)
    assert.near(-0.4 - 4.25 * 0.1, moved[2], 1e-5)
  end)

  it("leaves a student alone whose fake is its teacher", function()
    local distiller, o = distil { fake = linear { 0.6, -0.1 } }
    distiller:step(z)
    assert.same({ 1, -0.5 }, o.student.net.bias:tolist())
  end)

  it("hands every network the labels", function()
    local seen = {}
    local function net(name, inner)
      return nn.module { net = inner.net, forward = function(_, x, _, labels)
        seen[name] = labels:tolist()
        return inner(x)
      end }
    end
    distil { student = net("student", linear { 1, 2 }), fake = net("fake", linear { 3, 4 }),
      teacher = net("teacher", linear { 5, 6 }) }:step(as.zeros(2, 2), as.i64 { 3, 7 })
    assert.same({ student = { 3, 7 }, fake = { 3, 7 }, teacher = { 3, 7 } }, seen)
  end)

  it("refuses bad input", function()
    local function fails(text, o)
      assert.error_matches(function() distil(o):step(z) end, text, 1, true)
    end
    fails("ratio = 0 is outside 1 to", { ratio = 0 })
    fails("u_max = 0 is outside", { u_max = 0 })
    fails("sigma_max = 0 is outside", { sigma_max = 0 })
    fails("sigma_min = 3 is not below sigma_max = 2", { sigma_min = 3, sigma_max = 2 })
    fails("what the teacher returned holds NaN or infinity", { teacher = function(x) return x / 0 end })
    fails("what the student returned holds NaN or infinity", { student = linear { 0 / 0, 0 } })
    local same = linear { 1, 2 }
    fails("student and fake share the parameter", { student = same, fake = same })
  end)
end)
