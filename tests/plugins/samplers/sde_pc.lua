local as = require "assay"

local function sampler(o)
  o[1] = "sde_pc"
  return as.sampler(o)
end

-- The exact score of N(0, v) at every time of the vp SDE.
local function gaussian(v)
  return function(x, t)
    local alpha = (t:square() * (-19.9 / 4) - t * 0.05):exp()
    local variance = alpha:square() * v + 1 - alpha:square()
    return -x / variance:reshape(-1, 1)
  end
end

describe("samplers/sde_pc", function()
  it("has the steps of the SDEs' tables", function()
    -- ve, one ancestral step between sig_1 = 0.5 and sig_0 = 0.4: x_mean = x + 0.09 s, deviation 0.24
    local ones = function(x)
      return x * 0 + 1
    end
    local s = sampler {
      sde = "ve", sigma_min = 0.4, sigma_max = 0.5, n = 2, corrector = "none", predictor = "ancestral",
      model = ones,
    }
    local run = s:start { noise = as.zeros(20000, 1) }
    run:step()
    assert.near(0.09, run.x_mean:tolist()[1][1], 1e-6)
    assert.near(0.24, (run.x - run.x_mean):square():mean():sqrt():item(), 0.005)
  end)

  it("a langevin move has the size 2 (snr |z| / |g|)^2", function()
    local s = sampler {
      sde = "ve", n = 2, predictor = "none", sigma_max = 1, model = function(x)
        return x * 0 + 4
      end,
    }
    local run = s:start { noise = as.zeros(1, 1) }
    run:step()
    -- x_mean = 4 e, x = x_mean + sqrt(2 e) z and e = 2 (0.16 |z| / 4)^2, so that z = (x - x_mean) / sqrt(2 e)
    local e = run.x_mean:item() / 4
    local z = (run.x:item() - run.x_mean:item()) / math.sqrt(2 * e)
    assert.near(2 * (0.16 * math.abs(z) / 4) ^ 2, e, 1e-5 * e)
  end)

  it("reaches the variance of a Gaussian", function()
    for _, sde in ipairs { "reverse_diffusion", "euler_maruyama", "ancestral" } do
      local x = sampler { model = gaussian(0.25), predictor = sde, n = 200, corrector = "none" }
        { shape = { 20000, 1 } }
      assert.near(0.25, x:square():mean():item(), 0.02)
    end
  end)

  it("refuses what is not defined, and takes no history along", function()
    assert.has_error(function()
      sampler { sde = "subvp", predictor = "ancestral", model = gaussian(1) }
    end)
    assert.is_false(sampler { model = gaussian(1), n = 50 } { shape = { 4, 2 } }.requires_grad)
  end)
end)
