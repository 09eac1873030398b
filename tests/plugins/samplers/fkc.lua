local as = require "assay"
local mixture = require "assay.mixture"

-- The score of N(m, 1) under edm: (m - x) / (1 + sigma^2)
local function gaussian(m)
  return function(x, sigma) return (m - x) / (sigma:square() + 1):reshape(-1, 1) end
end

-- One step of edm from sigma 2, where s = -x/5 at x = 1.5: w, x_mean and the deviation of the noise, for g^2
-- = 4 and dtau = 1.
local function rate(o, x)
  o[1], o.steps, o.sigma_max, o.sigma_min, o.rho = "fkc", 2, 2, 1e-9, 1
  local share = ({ product = 2, geometric = 1, reward = 1, product_annealed = 2 * (o.beta or 2) })[o.target]
    or o.beta
  x = x or 1.5
  local run = as.sampler(o):start { noise = as.full(x * math.sqrt(share) / 2, 20000, 1) }
  assert.near(x, run.x:tolist()[1][1], 1e-6)
  run:step() -- to sigma 1: g^2 dtau = 3
  local moved = run.x_mean:tolist()[1][1] - x
  return run.logw:tolist()[1] / 3 * 4, moved / 3, (run.x - run.x_mean):square():mean():item() / 3
end

local function mixed(o)
  o[1], o.kind = "gauss_mixture", "list"
  return mixture(as.dataset(o)).denoise
end

describe("samplers/fkc", function()
  it("has the rates of the targets", function()
    local q, q1, q2 = gaussian(0), gaussian(1), gaussian(-1) -- s -0.3, -0.1, -0.5
    for _, case in ipairs {
      { 0.36, -0.6, 1, { beta = 2, model = q } },
      { -0.045, -0.15, 1, { beta = 0.5, model = q } },
      { 0.36, -0.45, 0.5, { beta = 2, a = 0.5, model = q } }, -- eta 1.5, zeta^2 = 1/2
      { 0, -0.3, 1, { beta = 1, model = q } },
      { 0, -0.3, 1, { beta = 1, a = 0.5, model = q } },
      { 0.2, -0.6, 1, { target = "product", model = q1, second = q2 } },
      { 0.64, -0.9, 1, { target = "geometric", model = q1, second = q2, beta = 2 } },
      { 0, -0.1, 1, { target = "geometric", model = q1, second = q2, beta = 0 } },
      { 0, -0.5, 1, { target = "geometric", model = q1, second = q2, beta = 1 } },
      { 0, -0.1, 1, { target = "geometric", model = q1, second = q1, beta = 3 } },
      { 1.84, -1.2, 1, { target = "product_annealed", model = q1, second = q2, beta = 2 } },
      { 0.2, -0.6, 1, { target = "product_annealed", model = q1, second = q2, beta = 1 } },
      { 0, -0.1, 1, { target = "product", model = q1, second = function(x) return x * 0 end } },
      { -0.3, -0.05, 1, { -- v = g^2 (s + b/2): -0.3 + 0.25
        target = "reward", model = q, reward = function(x) return x:squeeze(2) end, b = { 0.5 },
      } },
    } do
      local w, v, noise = rate(case[4])
      assert.near(case[1], w, 2e-6)
      assert.near(case[2], v, 2e-6)
      assert.near(case[3], noise, 4 * case[3] * math.sqrt(2 / 20000)) -- four standard errors
    end
  end)

  it("a plain reverse SDE has no weights at all", function()
    for _, a in ipairs { 0, 0.25, 0.5 } do
      local s = as.sampler { "fkc", model = gaussian(0), beta = 1, a = a, steps = 20 }
      local _, logw = s { shape = { 50, 1 } }
      assert.equal(0, logw:abs():max():item())
    end
  end)

  it("counts the divergence of the drift: vp, N(0, 1), where s = -x at every t", function()
    -- one step from t = 1: dtau = (1 - eps) / 2, f = -10 x, div f = -10 d, g^2 = 20; from x = 0 the score is
    -- 0
    local function logw(o)
      o[1], o.sde, o.steps, o.model = "fkc", "vp", 2, function(x) return -x end
      o.second, o.reward = o.model, function(x) return x:sum(-1) end
      local run = as.sampler(o):start { noise = as.zeros(4, 3) }
      run:step()
      return run.logw:tolist()[1] / (0.999 / 2)
    end
    assert.near(-30 * 1, logw { beta = 2 }, 1e-4)
    assert.near(-30, logw { target = "product" }, 1e-4)
    assert.near(-30 * 3, logw { target = "product_annealed", beta = 2 }, 1e-4)
    -- x = 2 in each of 3: 0.4 (0 -> 1) per half way of r = 6, -b <1, f> + 10 b <1, s> with b = 1 at the start
    local run = as.sampler {
      "fkc", sde = "vp", steps = 2, target = "reward", b = { 1, 1.4 }, model = function(x) return -x end,
      reward = function(x) return x:sum(-1) end,
    }:start { noise = as.full(2, 4, 3) }
    run:step()
    assert.near(0.2 * 6 + (10 * 6 - 10 * 6) * 0.999 / 2, run.logw:tolist()[1], 1e-4)
    -- and moves by -f + g^2 (s + b/2): 20 - 40 + 10
    assert.near(2 + (20 - 40 + 10) * 0.999 / 2, run.x_mean:tolist()[1][1], 1e-4)
  end)

  it("starts from the target's own law", function()
    for share, o in pairs {
      [3] = { beta = 3 }, [1] = { target = "geometric" }, [2] = { target = "product" }, [6] = {
        target = "product_annealed", beta = 3,
      },
    } do
      o[1], o.model, o.second, o.sigma_max = "fkc", gaussian(0), gaussian(0), 20
      local run = as.sampler(o):start { noise = as.ones(2, 1) }
      assert.near(20 / math.sqrt(share), run.x:tolist()[1][1], 1e-5)
    end
  end)

  it("estimates the normaliser: log(Z_0/Z_1) = ln(101) / 2 of N(0, 1)^2 from sigma 10", function()
    local sum, square = 0, 0
    for _ = 1, 8 do
      local hook = as.hook { "smc" }
      local x, logw = as.sampler {
        "fkc", model = gaussian(0), beta = 2, steps = 400, sigma_max = 10, sigma_min = 0.02, hooks = { hook },
      } { shape = { 2000, 1 } }
      sum = sum + hook.reports.logz / 8
      square = square + (logw:softmax(-1) * x:squeeze(-1):square()):sum():item() / 8
    end
    assert.near(2.30756026, sum, 0.2)
    assert.near(0.5, square, 0.08)
  end)

  it("samples q^2 of a mixture under ve as well as edm", function()
    -- .7 N(-3, 1) + .3 N(3, .25): P(x > 0) of the square is 0.268665; unweighted it is about 0.16
    local D = mixed { means = { -3, 3 }, variances = { 1, 0.25 }, weights = { 0.7, 0.3 } }
    for _, o in ipairs { { sde = "edm" }, { sde = "ve", eps = 1e-5 } } do
      o[1], o.model, o.output, o.hooks = "fkc", D, "edm", { { "smc" } }
      o.sigma_max, o.sigma_min = 20, 0.02
      local s, mean = as.sampler(o), 0
      for _ = 1, 8 do
        local x, logw = s { shape = { 2000, 1 } }
        mean = mean + (logw:softmax(-1) * x:squeeze(-1):gt(0)):sum():item() / 8
      end
      assert.near(0.268665, mean, 0.07) -- standard error about 0.02
    end
  end)

  it("uses weights within an interval of times, and says how often it clips them", function()
    local o = { "fkc", model = gaussian(0), beta = 2, steps = 10, sigma_max = 4, active = { 1, 2 } }
    local run = as.sampler(o):start { noise = as.randn(100, 1) }
    local seen, level = {}, 4
    for i = 1, 10 do
      local before = run.logw
      run:step()
      seen[i] = not before:equal(run.logw)
      assert.equal(level >= 1 and level <= 2, seen[i])
      level = (4 ^ (1 / 7) + i / 10 * (0.01 ^ (1 / 7) - 4 ^ (1 / 7))) ^ 7
    end
    o.clip, o.active = 0.01, {}
    local s = as.sampler(o)
    run = s:start { noise = as.randn(100, 1) }
    run:step()
    local logw = run.logw - run.logw:mean()
    assert.is_true(s.reports.clipped > 0)
    assert.is_true((run.logw:max() - run.logw:min()):item() <= 0.02 + 1e-6)
    assert.is_true(logw:abs():max():item() > 0)
  end)

  it("refuses what has no target", function()
    local function fails(text, o, shape)
      o[1], o.model = "fkc", gaussian(0)
      assert.error_matches(function() as.sampler(o) { shape = shape or { 4, 1 } } end, text, 1, true)
    end
    fails("beta = 0, expected a number above 0", { beta = 0 })
    fails("beta = -1, expected a number above 0", { target = "product_annealed", beta = -1 })
    fails("beta", { beta = { 1, 2 } }) -- varying in time it would need the log density
    fails("a = 0.6 is outside 0 to 0.5", { a = 0.6 })
    fails("a model that was not given", { target = "product" })
    fails("a model that was not given", { target = "reward" })
    fails("1 item, expected 2 or more", {}, { 1, 1 })
    fails("b of 3 numbers", { target = "reward", b = { 1, 2, 3 } })
    fails("active of 2 numbers", { active = { 2, 1 } })
    fails("threshold = 1.5 is outside", { hooks = { { "smc", threshold = 1.5 } } })
    local function nan(x) return x * (0 / 0) end
    fails("nan of item 0 at step 0, expected a finite number",
      { target = "geometric", second = nan, hooks = { { "smc" } } })
  end)
end)
