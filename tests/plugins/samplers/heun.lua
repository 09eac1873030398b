local as = require "assay"

-- Eight Gaussians of variance v on a circle of radius 4, equal weights, and the mixture's exact denoiser.
local v <const> = 0.09
local centres = {}
for k = 0, 7 do
  centres[k + 1] = { 4 * math.cos(k * math.pi / 4), 4 * math.sin(k * math.pi / 4) }
end
local mu = as.tensor(centres)

-- D(x, sigma) = sum_k w_k (v x + sigma^2 mu_k) / (v + sigma^2)
-- w = softmax_k(-|x - mu_k|^2 / (2 (v + sigma^2)))
local function denoise(x, sigma)
  local square = sigma:square():reshape(-1, 1) -- [B,1]
  local distance = (x:unsqueeze(2) - mu:unsqueeze(1)):square():sum(-1) -- [B,8]
  local w = (distance / (-2 * (square + v))):softmax(-1)
  return (v * x + square * w:matmul(mu)) / (square + v)
end

local function sampler(o)
  o[1], o.model = "heun", o.model or denoise
  return as.sampler(o)
end

-- For every item the distance to the nearest centre.
local function nearest(x)
  return (x:unsqueeze(2) - mu:unsqueeze(1)):square():sum(-1):min(-1):sqrt()
end

describe("samplers/heun", function()
  it("is tested with the right denoiser", function()
    local function at(sigma)
      return denoise(as.tensor { { 2, 1 } }, as.tensor { sigma }):tolist()[1]
    end
    assert.near(3.148613, at(1.0)[1], 2e-6)
    assert.near(1.670644, at(1.0)[2], 2e-6)
    assert.near(2.775842, at(0.5)[1], 2e-6)
    assert.near(1.941965, at(0.5)[2], 2e-6)
  end)

  it("asks the model at the levels of the grid, each but the first and last step's twice", function()
    local seen = {}
    local zero = function(x, sigma)
      seen[#seen + 1] = sigma:tolist()[1]
      assert.same({ 3 }, sigma:shape())
      return x * 0
    end
    sampler { model = zero, steps = 5 } { noise = as.ones(3, 2) }
    local grid = { 80, 17.5278320, 2.51521898, 0.169752756, 0.002 }
    local want = { 1, 2, 2, 3, 3, 4, 4, 5, 5 }
    assert.equal(2 * 5 - 1, #seen)
    for i, level in ipairs(want) do
      assert.near(grid[level], seen[i], 1e-6 * grid[level])
    end
  end)

  it("a single Gaussian at 0 has the exact solution x0 = sqrt(v / (v + sigma_max^2)) x", function()
    local variance = 0.25
    local function shrink(x, sigma)
      return x * (variance / (sigma:square() + variance)):reshape(-1, 1)
    end
    local noise = as.tensor { { 1 }, { -0.5 }, { 2 } }
    local exact = 80 * math.sqrt(variance / (variance + 80 ^ 2))
    local x = sampler { model = shrink, steps = 200 } { noise = noise }:tolist()
    for i, z in ipairs { 1, -0.5, 2 } do
      assert.near(exact * z, x[i][1], 2e-4 * math.abs(z))
    end
  end)

  it("two steps by hand", function()
    -- D = x / (1 + sigma), so the slope is x / (1 + sigma). rho 1: levels 3, 1, 0. From x = 3:
    -- d = 3/4, Euler 1.5, d' = 1.5/2 = 0.75, x = 3 - 2 * 0.75 = 1.5; to 0 by Euler: 1.5 - 1 * 1.5/2 = 0.75
    local function model(x, sigma)
      return x / (sigma + 1):reshape(-1, 1)
    end
    local heun = sampler { model = model, steps = 2, sigma_min = 1, sigma_max = 3, rho = 1 }
    assert.near(0.75, heun { noise = { { 1 } } }:item(), 1e-6)
    -- sigma_max 4: levels 4, 1, 0. x = 4, d = 4/5, Euler 1.6, d' = 0.8, x = 4 - 3 * 0.8 = 1.6; then 1.6 / 2
    heun = sampler { model = model, steps = 2, sigma_min = 1, sigma_max = 4, rho = 1 }
    assert.near(0.8, heun { noise = { { 1 } } }:item(), 1e-6)
  end)

  it("is of second order on the mixture", function()
    local noise = as.randn { 200, 2, stream = "order" }
    local fine = sampler { steps = 2048 } { noise = noise }
    local function off(steps)
      return (sampler { steps = steps } { noise = noise } - fine):abs():mean():item()
    end
    for _, steps in ipairs { 32, 64, 128 } do
      local ratio = off(steps) / off(2 * steps)
      assert.is_true(ratio > 3.6 and ratio < 4.8, ("%d steps: ratio %g"):format(steps, ratio))
    end
    assert.is_true(off(256) < 2e-4)
  end)

  it("draws the mixture: every mode, none far off", function()
    local x = sampler { steps = 32 } { shape = { 4000, 2 } }
    local distance = nearest(x)
    assert.near(0.3 * math.sqrt(math.pi / 2), distance:mean():item(), 0.02) -- Rayleigh, scale 0.3
    local beyond = distance:gt(3 * 0.3):mean():item() -- exp(-4.5) = 0.0111 of the mixture itself
    assert.near(0.0111, beyond, 4 * math.sqrt(0.0111 / 4000))
    local share = (x:unsqueeze(2) - mu:unsqueeze(1)):square():sum(-1):neg():argmax(-1):one_hot(8):mean(1)
    for _, each in ipairs(share:tolist()) do
      assert.near(1 / 8, each, 4 * math.sqrt(1 / 8 * 7 / 8 / 4000)) -- four standard errors
    end
  end)

  it("continues its stream, which is saved with the state", function()
    local heun = sampler { steps = 2 }
    local state = heun:state()
    local first, second = heun { shape = { 4, 2 } }, heun { shape = { 4, 2 } }
    assert.is_false(first:equal(second))
    heun:load(state)
    assert.is_true(first:equal(heun { shape = { 4, 2 } }))
  end)

  it("goes step by step", function()
    local heun, noise = sampler { steps = 3 }, as.randn { 5, 2, stream = "steps" }
    local run = heun:start { noise = noise }
    assert.equal(3, run.steps)
    assert.is_true((noise * 80 - run.x):abs():max():item() < 1e-4)
    while run:step() do end
    assert.is_true(heun { noise = noise }:equal(run:finish()))
  end)

  it("keeps no history, also of models with parameters", function()
    local scale = as.tensor { 0.5 }:requires_grad_()
    local x = sampler { model = function(x) return x * scale end, steps = 3 } { noise = as.ones(2, 2) }
    assert.is_false(x.requires_grad)
  end)

  it("refuses bad input", function()
    local function fails(text, o, input)
      assert.error_matches(function() sampler(o)(input) end, text, 1, true)
    end
    fails("steps = 1 is outside", { steps = 1 }, { shape = { 2, 2 } })
    fails("sigma_min = 0 is outside", { sigma_min = 0 }, { shape = { 2, 2 } })
    fails("sigma_min = 3 is not below sigma_max = 2", { sigma_min = 3, sigma_max = 2 }, { shape = { 2, 2 } })
    fails("neither noise nor shape was given", {})
    fails("shape: size 0 at [1], expected 1 or more", {}, { shape = { 2, 0 } })
    fails("shape of 9 axes, expected 1 to 8", {}, { shape = { 1, 1, 1, 1, 1, 1, 1, 1, 1 } })
    fails("model", { model = function() return as.ones(3) end }, { shape = { 2, 2 } })
    fails("no idea", { model = function() error "no idea" end }, { shape = { 2, 2 } })
  end)
end)
