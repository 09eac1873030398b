local as = require "assay"
local mixture = require "assay.mixture"

local function alpha_at(t) return math.exp(-t * t * 19.9 / 4 - t * 0.05) end

-- The exact flow of vp for N(m, v): z = alpha_1 m + (x - alpha_e m) sqrt(V_1 / V_e), V = alpha^2 v + sigma^2.
local function encoded(x, m, v, eps)
  local one, e = alpha_at(1), alpha_at(eps)
  return one * m + (x - e * m) * math.sqrt((one ^ 2 * (v - 1) + 1) / (e ^ 2 * (v - 1) + 1))
end

local one = mixture(as.dataset { "gauss_mixture", kind = "list", means = { 0.7 }, variances = { 0.25 } })
local two = mixture(as.dataset {
  "gauss_mixture", kind = "list", means = { -2, 2 }, variances = { 0.25, 0.25 }, weights = { 0.3, 0.7 },
})

local function sampler(o)
  o[1], o.output, o.model = "pf_ode", o.output or "edm", o.model or one.denoise
  return as.sampler(o)
end

describe("samplers/pf_ode", function()
  it("encodes a Gaussian as in closed form", function()
    local x = as.tensor { { 1.5 }, { 0.7 }, { -0.3 } }
    local z = sampler { eps = 1e-5 } { data = x }:reshape(-1):tolist()
    for i, wanted in ipairs { 1.60457250, 0.00460081, -1.99536380 } do
      assert.near(wanted, z[i], 1e-4)
    end
    z = sampler { eps = 1e-3, solver = "heun", steps = 400 } { data = x }:reshape(-1):tolist()
    assert.near(encoded(1.5, 0.7, 0.25, 1e-3), z[1], 1e-3)
  end)

  it("decodes what it encoded", function()
    local x = as.tensor { { 0.5 }, { -1.7 }, { 2.4 }, { -1 } } -- off the ridge between the modes
    for _, sde in ipairs { "vp", "subvp", "ve" } do
      for _, solver in ipairs { "rk45", "heun" } do
        local s = sampler { sde = sde, model = two.denoise, solver = solver, steps = 500 }
        local z = s { data = x }
        assert.is_true(z:abs():max():item() < 4)
        assert.near(0, (s { noise = z } - x):abs():max():item(), 1e-3)
      end
    end
  end)

  it("has the marginals of the SDE", function()
    local x = sampler { model = two.denoise } { shape = { 20000, 1 } }
    assert.near(0.7, x:gt(0):mean():item(), 4 * math.sqrt(0.21 / 20000))
    assert.near(4.25, x:square():mean():item(), 0.05)
    local square = sampler { sde = "ve", model = two.denoise, solver = "heun", eps = 1e-5 } {
      shape = { 20000, 1 },
    }:square():mean():item()
    assert.near(4.25, square, 0.06)
  end)

  it("calls the model twice a step of Heun, and tells how often", function()
    local seen = {}
    local function model(x, t)
      seen[#seen + 1] = t:tolist()[1]
      return -x
    end
    local s = sampler { solver = "heun", steps = 4, eps = 0.2, model = model, output = "score" }
    s { shape = { 3, 1 } }
    local wanted = { 1, 0.8, 0.8, 0.6, 0.6, 0.4, 0.4, 0.2 }
    assert.equal(8, #seen)
    for i, t in ipairs(wanted) do
      assert.near(t, seen[i], 1e-6)
    end
    assert.equal(8, s.reports.calls)
    seen = {}
    s = sampler { model = model, output = "score" } -- N(0, 1) of vp: nothing moves, so the steps are long
    s { shape = { 3, 1 } }
    assert.equal(#seen, s.reports.calls)
    assert.is_true(#seen < 60)
  end)

  it("one step of Heun by hand", function()
    -- ve with smin 1, smax e: g^2 = 2 sigma^2, sigma = e^t. s = -1: dx/dt = sigma^2. eps 0.5, two steps of
    -- -0.25: x' = x - 0.25 (e^2 + e^1.5) / 2
    local s = sampler { sde = "ve", sigma_min = 1, sigma_max = math.exp(1), eps = 0.5, solver = "heun",
      steps = 2, model = function(x) return x * 0 - 1 end, output = "score" }
    local run = s:start { noise = as.zeros(1, 1) }
    run:step()
    assert.near(-0.125 * (math.exp(2) + math.exp(1.5)), run.x:item(), 1e-5)
  end)

  it("is guided by hooks", function()
    -- a classifier's gradient of 1 everywhere moves samples up: score + w
    local function mean(w)
      local function classifier(x) return as.concat({ x, x * 0 + 30 }, -1) end
      local hooks = { { "class_guidance", classifier = classifier, labels = as.i64(as.zeros(400)), w = w } }
      return sampler { hooks = hooks, solver = "heun" } { noise = as.randn(400, 1) }:mean():item()
    end
    assert.is_true(mean(1) > mean(0) + 0.05)
  end)

  it("refuses bad input", function()
    local function fails(text, o, input)
      assert.error_matches(function() sampler(o)(input) end, text, 1, true)
    end
    fails("eps = 0 is outside", { eps = 0 }, { shape = { 2, 1 } })
    fails("steps = 1 is outside", { steps = 1 }, { shape = { 2, 1 } })
    fails('sde = "edm" is none of vp, subvp, ve', { sde = "edm" }, { shape = { 2, 1 } })
    fails("neither noise nor shape was given", {}, {})
    local function nan(x) return x * (0 / 0) end
    fails("the solution is not finite at t = 1", { model = nan }, { shape = { 2, 1 } })
    assert.has_error(function() sampler { predictor = "ancestral" } end) -- there are no predictors of an ODE
  end)
end)
