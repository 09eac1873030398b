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

  -- One step k of a grid of 21 times from 1 to (nearly) 0, without a corrector: x before it and x_mean after.
  -- t_10 = 1/2, t_18 = 0.1.
  local function step_at(k, o)
    o.n, o.eps, o.corrector = 21, 1e-9, "none"
    local run = sampler(o):start { noise = as.full(0.5, 1, 1) }
    for _ = 1, k do
      run:step()
    end
    local x = run.x:item()
    run:step()
    return x, run.x_mean:item()
  end
  local function one(x)
    return x * 0 + 1
  end
  local function zero(x)
    return x * 0
  end

  it("has the drift, the diffusion and the marginals of its SDEs", function()
    local function euler(o)
      o.predictor = "euler_maruyama"
      return o
    end
    -- vp at t = 1/2: x_mean = (1 + beta / 2N) x + (g^2 / N) s with beta = 10.05
    local x, mean = step_at(10, euler { model = zero })
    assert.near(1 + 10.05 / 42, mean / x, 1e-5)
    local function drift(o)
      local at, after = step_at(10, euler(o))
      return (after - (1 + 10.05 / 42) * at) * 21, at -- g^2 s, x
    end
    local g2 = 3.17017350 ^ 2
    assert.near(g2, (drift { model = one }), 1e-4)
    assert.near(-g2 / 0.95965420, (drift { model = one, output = "noise" }), 1e-4) -- s = -eps / sigma
    local field
    field, x = drift { model = one, output = "denoiser" } -- s = (alpha D - x) / sigma^2
    assert.near(1, field / (g2 * (0.28118288 - x) / 0.95965420 ^ 2), 1e-5)
    -- subvp: g and sigma at 1/2
    assert.near(3.16024945 ^ 2, (drift { sde = "subvp", model = one }), 1e-4)
    assert.near(-3.16024945 ^ 2 / 0.92093619, (drift { sde = "subvp", model = one, output = "noise" }), 1e-4)
    -- ve (0.01, 50): no drift, g(1/2) and g(1), sigma(1/2)
    local function ve(k, output)
      local at, after = step_at(k, euler { sde = "ve", model = one, output = output })
      return (after - at) * 21
    end
    assert.near(1, ve(10) / 2.91842307 ^ 2, 5e-4) -- a step of 0.4 from an x of some hundreds in f32
    assert.near(1, ve(0) / 206.36367402 ^ 2, 1e-5)
    assert.near(-1 / 0.70710678, ve(10, "noise") / 2.91842307 ^ 2, 5e-4)
  end)

  it("has the marginals at t = 0.1", function()
    local seen
    local o = {
      model = function(x, t)
        seen = t:item()
        return x * 0 + 1
      end,
      predictor = "euler_maruyama", output = "noise",
    }
    local x, mean = step_at(18, o)
    assert.near(0.1, seen, 1e-6)
    local beta = 0.1 + 0.1 * 19.9
    assert.near(-beta / 21 / 0.32205254, mean - (1 + beta / 42) * x, 1e-5)
    o.output = "denoiser"
    x, mean = step_at(18, o)
    assert.near(beta / 21 * (0.94672180 - x) / 0.32205254 ^ 2, mean - (1 + beta / 42) * x, 1e-4)
  end)

  it("has the discretisations of the forward chain", function()
    -- vp, step k has i = N - 1 - k and beta_i = (0.1 + i/20 19.9) / 21
    local beta = (0.1 + 10 / 20 * 19.9) / 21
    local x, mean = step_at(10, { model = one })
    assert.near(1, mean / ((2 - math.sqrt(1 - beta)) * x + beta), 1e-6)
    x, mean = step_at(10, { model = one, predictor = "ancestral" })
    assert.near(1, mean / ((x + beta) / math.sqrt(1 - beta)), 1e-6)
    -- both add noise of deviation sqrt(beta_i)
    for _, predictor in ipairs { "reverse_diffusion", "ancestral" } do
      local run = sampler { n = 21, corrector = "none", predictor = predictor, model = zero }
        :start { noise = as.zeros(20000, 1) }
      run:step()
      local deviation = (run.x - run.x_mean):square():mean():sqrt():item()
      assert.near(math.sqrt(20 / 21), deviation, 4 * deviation / math.sqrt(2 * 20000)) -- four standard errors
    end
    -- ve, reverse diffusion from sig_1 = 0.5 to sig_0 = 0.4: G = sqrt(0.25 - 0.16) = 0.3
    local run = sampler {
      sde = "ve", sigma_min = 0.4, sigma_max = 0.5, n = 2, corrector = "none", model = one,
    }:start { noise = as.zeros(20000, 1) }
    run:step()
    assert.near(0.09, run.x_mean:tolist()[1][1], 1e-6)
    assert.near(0.3, (run.x - run.x_mean):square():mean():sqrt():item(), 0.006)
  end)

  it("goes through all of vp: the product of 1 - beta_i over 1000 steps", function()
    -- ancestral with score 0: x_mean = x / sqrt(1 - beta_i)
    local run = sampler { n = 1000, corrector = "none", predictor = "ancestral", model = zero }
      :start { noise = as.ones(1, 1) }
    local product = 1
    for _ = 1, 1000 do
      local x = run.x:item()
      run:step()
      product = product * (x / run.x_mean:item()) ^ 2
    end
    assert.near(1, product / 4.0358298e-5, 1e-4)
  end)

  it("a corrector by the noise level: ald, e = 2 a_i (snr sigma)^2", function()
    local s = sampler { n = 21, corrector = "ald", predictor = "none", snr = 0.1, model = one }
    local run = s:start { noise = as.zeros(1, 1) }
    run:step()
    local alpha1 = math.exp(-19.9 / 4 - 0.05) -- at t = 1, sigma^2 = 1 - alpha^2, a = 1 - 20/21
    assert.near(2 / 21 * 0.01 * (1 - alpha1 ^ 2), run.x_mean:item(), 1e-8)
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
