local as = require "assay"

-- The exact denoiser of N(m, v): D = (v x + sigma^2 m) / (v + sigma^2)
local function gaussian(m, v)
  return function(x, sigma)
    local s2 = sigma:square():reshape(-1, 1)
    return (x * v + s2 * m) / (s2 + v)
  end
end

-- One step at sigma = 2 from x = 1.5; the grid's next level is 1, so that g^2 dtau = 3. Returns logw / dtau
-- with g^2 = 4: the page's w.
local function rate(o)
  o[1], o.steps, o.sigma_max, o.sigma_min, o.rho = "fkc_1_0", 2, 2, 1e-9, 1
  local share = o.target == "product" and 2 or o.target == "geometric" and 1 or o.beta
  local run = as.sampler(o):start { noise = as.full(1.5 * math.sqrt(share) / 2, 1, 1) }
  assert.near(1.5, run.x:item(), 1e-6)
  run:step()
  return run.logw:item() / 3 * 4, run
end

describe("samplers/fkc_1_0", function()
  it("has the weights of the page", function()
    local q = gaussian(0, 1)
    assert.near(0.36, rate { model = q, beta = 2 }, 1e-6)
    assert.near(-0.045, rate { model = q, beta = 0.5 }, 1e-6)
    assert.equal(0, (rate { model = q, beta = 1 }))
    local q1, q2 = gaussian(1, 1), gaussian(-1, 1)
    assert.near(0.2, rate { target = "product", model = q1, second = q2, beta = 1 }, 1e-6)
    assert.near(0.64, rate { target = "geometric", model = q1, second = q2, beta = 2 }, 1e-6)
    assert.equal(0, (rate { target = "geometric", model = q1, second = q1, beta = 2 }))
  end)

  it("samples q^2 with weights and resampling, and estimates its normaliser", function()
    -- N(0,1)^2 is N(0, 1/2) with log Z_0/Z_1 = ln(101) / 2 from sigma 10; eight trials of the page: sd 0.14
    local hook = as.hook { "smc" }
    local sampler = as.sampler {
      "fkc_1_0", model = gaussian(0, 1), beta = 2, steps = 400, sigma_max = 10, hooks = { hook },
    }
    local x, logw, origin = sampler { shape = { 2000, 1 } }
    local w = logw:softmax(-1)
    assert.near(0.5, (w * x:squeeze(-1):square()):sum():item(), 0.15)
    assert.near(2.3076, hook.reports.logz, 0.5)
    assert.is_true(hook:state().resampled:item() > 0)
    -- what the sampler keeps by item has gone along
    local kept = {}
    for _, item in ipairs(origin:tolist()) do
      kept[item] = true
    end
    local n = 0
    for _ in pairs(kept) do
      n = n + 1
    end
    assert.is_true(n > 1 and n < 2000)
  end)

  it("refuses what has no target", function()
    assert.error_matches(function()
      rate { model = gaussian(0, 1), beta = 0 }
    end, "beta = 0 is outside", 1, true)
    assert.error_matches(function()
      rate { target = "product", model = gaussian(0, 1), beta = 1 }
    end, "a model that was not given", 1, true)
  end)
end)
