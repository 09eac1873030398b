local as = require "assay"
local nn = require "assay.nn"

-- The toy of section 3.2: data is the point 1, F(x, sigma) = (smin / sigma) x + (1 - smin / sigma) theta.
local function toy(theta)
  local net = nn.linear { 1, 1, bias = false }
  net.weight:fill_(theta)
  return nn.module {
    theta = net,
    forward = function(self, x, sigma)
      local share = (0.002 / sigma):reshape(-1, 1)
      return x * share + self.theta(x * 0 + 1) * (1 - share)
    end,
  }
end

-- A student that gives back its noise level and writes down what it is asked: teacher's and student's calls.
local function witness(seen)
  return nn.module {
    net = nn.linear { 1, 1, bias = false },
    forward = function(self, x, sigma)
      seen[#seen + 1] = { sigma = sigma:clone():keep(), x = x:clone():keep() }
      return self.net(x) * 0 + sigma:reshape(-1, 1)
    end,
  }
end

local function distiller(o, student)
  o[1], o.student = "ict", student or toy(0)
  o.optimizer = o.optimizer or as.optim.sgd { o.student, lr = 1 }
  return as.distiller(o)
end

-- A distiller that has made k steps.
local function after(k, o)
  local d = distiller(o)
  local state = d:state()
  state.step = as.i64(as.full(k, state.step:shape()))
  d:load(state)
  return d
end

local ct <const> = { curriculum = "root", levels = "uniform", weight = "one", metric = "square" }
local function early(o)
  for name, value in pairs(ct) do
    o[name] = value
  end
  return o
end

-- What step k reports.
local function reports(k, o)
  local d = after(k, o)
  d:step(as.ones(2, 1))
  return d.reports
end

describe("distillers/ict", function()
  it("doubles its grid every K' steps", function()
    for k, want in pairs { [0] = 11, [49999] = 11, [50000] = 21, [100000] = 41, [350000] = 1281,
      [399999] = 1281, [900000] = 1281 } do
      assert.equal(want, reports(k, {}).levels)
    end
    for k, want in pairs { [0] = 11, [1000] = 21, [2000] = 41, [3999] = 81 } do
      assert.equal(want, reports(k, { iterations = 4000, s1 = 80 }).levels)
    end
  end)

  it("has CT's curriculum and the rate of its teacher", function()
    for k, want in pairs { [0] = { 2, 0.9 }, [1000] = { 11, 0.98102586 }, [2000] = { 15, 0.98605014 },
      [4000] = { 21, 0.99001584 } } do
      local r = reports(k, early { iterations = 4000, s0 = 2, s1 = 20 })
      assert.equal(want[1], r.levels)
      assert.near(want[2], r.ema, 1e-8)
    end
  end)

  it("draws neighbours of the grid with the odds of the lognormal, or evenly", function()
    local grid <const> = { 0.002, 0.01672075, 0.08508720, 0.31828329, 0.96541693, 2.51521898, 5.83894763,
      12.38157614, 24.40834179, 45.31373408, 80 }
    local odds <const> = { 0.06263299, 0.18173698, 0.24550142, 0.21349445, 0.14244606, 0.08060462,
      0.04107991, 0.01958009, 0.00894387, 0.00397961 }
    local n <const> = 200000
    for _, levels in ipairs { "lognormal", "uniform" } do
      local seen = {}
      distiller({ levels = levels }, witness(seen)):step(as.full(0.3, n, 1))
      local low, high = seen[1].sigma, seen[2].sigma -- teacher, student
      -- the same noise: (x - x0) / sigma agrees
      local z = (seen[1].x - 0.3):reshape(-1) / low - (seen[2].x - 0.3):reshape(-1) / high
      assert.is_true(z:abs():max():item() < 1e-3) -- 0.3 + 0.002 z is rounded by 3e-8
      local found = 0
      for i = 1, 10 do
        local here = (low - grid[i]):abs():lt(1e-5 * grid[i] + 1e-9)
        local share, p = here:mean():item(), levels == "uniform" and 0.1 or odds[i]
        assert.near(p, share, 4.5 * math.sqrt(p * (1 - p) / n))
        local above = (high - grid[i + 1]):abs():lt(1e-5 * grid[i + 1])
        assert.near(share, (here * above):mean():item(), 1e-9) -- the next level for the student
        found = found + share
      end
      assert.near(1, found, 1e-6)
    end
  end)

  it("weighs with the teacher's interval: lambda(sigma_i) = 1 / (sigma_{i+1} - sigma_i)", function()
    -- F = sigma: |r| is the gap, so with squares the loss is lambda gap^2 = gap
    local want <const> = { 67.93130651, 14.62705769, 4.28823664 }
    local seen, found = {}, {}
    local d = distiller({ metric = "square" }, witness(seen))
    for step = 1, 60 do
      local loss = d:step(as.zeros(1, 1)):item()
      for i, low in ipairs { 0.002, 0.01672075, 0.08508720 } do
        if math.abs(seen[2 * step - 1].sigma:item() - low) < 1e-6 then
          found[i] = 1 / loss
        end
      end
    end
    for i = 1, 3 do
      assert.near(want[i], found[i], 2e-4 * want[i])
    end
  end)

  it("the pseudo-Huber loss is of whole items, c by the root of d", function()
    -- one interval 1 to 3, F = sigma in each of 4 numbers: |r| = 4, c = 0.5 * 2, lambda = 1/2
    local net = nn.module {
      net = nn.linear { 4, 4, bias = false },
      forward = function(self, x, sigma) return self.net(x) * 0 + sigma:reshape(-1, 1) end,
    }
    local d = distiller({ s0 = 1, s1 = 1, sigma_min = 1, sigma_max = 3, c = 0.5 }, net)
    assert.near((math.sqrt(16 + 1) - 1) / 2, d:step(as.zeros(5, 4)):item(), 1e-6)
  end)

  it("the toy's gradient has a limit without a lag, and diverges with one", function()
    -- d loss / d theta / dsigma of the single interval .01 to .01 + dsigma, theta = .4
    local function gradient(gap, lag)
      local student = toy(0.4)
      local o = early { s0 = 1, s1 = 1, sigma_min = 0.01, sigma_max = 0.01 + gap }
      o.teacher = lag and toy(lag)
      distiller(o, student):step(as.ones(1, 1))
      return (0.4 - student.theta.weight:item()) / gap
    end
    for gap, want in pairs { [0.1] = -2.14214876, [0.01] = -10.8, [0.001] = -17.85123967,
      [1e-4] = -19.05695520 } do
      assert.near(want, gradient(gap), 2e-7 / gap + 1e-5) -- f32 rounding of theta near 0.4, over the gap
    end
    for gap, want in pairs { [0.1] = -0.57123967, [0.01] = 3.6, [0.001] = 113.0578512,
      [1e-4] = 1264.111363 } do
      assert.near(want, gradient(gap, 0.3), 2e-7 / gap + 1e-5)
    end
  end)

  it("moves the student alone, counts its steps, and repeats them from a saved state", function()
    local student, teacher = toy(0.4), toy(0.3)
    local d = distiller({ teacher = teacher }, student)
    local state = d:state()
    local first = d:step(as.ones(8, 1)):item()
    assert.near(0.3, teacher.theta.weight:item(), 1e-7)
    assert.is_nil(student.theta.weight.grad)
    assert.equal(1, d:state().step:item())
    d:load(state)
    student.theta.weight:fill_(0.4)
    assert.equal(first, d:step(as.ones(8, 1)):item())
  end)

  it("refuses bad input", function()
    local function fails(text, o)
      assert.error_matches(function() distiller(o) end, text, 1, true)
    end
    fails("sigma_min = 3 is not below sigma_max = 2", { sigma_min = 3, sigma_max = 2 })
    fails("s1 = 5 is below s0 = 10", { s1 = 5 })
    fails("iterations = 7 are fewer than the 8 grids from s0 = 10 to s1 = 1280", { iterations = 7 })
    fails("c = 0 is outside", { c = 0 })
    fails("c = -1 is outside", { c = -1 })
    assert.error_matches(function()
      as.distiller { "ict", student = toy(0) }:step(as.ones(2, 1))
    end, "optimizer was not given", 1, true)
  end)

  it("compares two calls under one mask of dropout, where the student repeats it", function()
    -- what the student gives is the mask alone: the two are one, or differ by 2 with probability 1/2 a number
    local function loss(repeats)
      local k, student = 0, nn.module {
        drop = nn.dropout { 0.5 }, scale = nn.linear { 8, 8, bias = false },
        forward = function(self, x)
          if repeats then as.seeded("dropout", self.k()) end
          return self.drop(x * 0 + 1) + self.scale(x) * 0
        end,
      }
      rawset(student, "k", function() return k end)
      local d = distiller({ iterations = 100, s1 = 20, metric = "square", weight = "one" }, student:train())
      local sum, masks = 0, {}
      for step = 1, 4 do
        k = step
        sum = sum + d:step(as.zeros(16, 8)):item()
        as.seeded("dropout", step)
        masks[as.rand { 4, stream = "dropout" }:tolist()[1]] = true
      end
      local different = 0
      for _ in pairs(masks) do different = different + 1 end
      assert.equal(4, different) -- another mask each step
      return sum / 4
    end
    assert.equal(0, loss(true))
    assert.near(16, loss(false), 2) -- 8 numbers, 4 / 2 each
  end)
end)
