local as = require "assay"
local nn = require "assay.nn"

local x <const>, z <const> = as.tensor { { 1, -2 } }, as.tensor { { 0.5, -1 } }

-- The loss of one item at t with a model that gives 3 everywhere.
local function at(t, o)
  local seen
  o[1], o.model = "dsm", function(xt, time)
    seen = { xt:tolist()[1], time:item() }
    return xt * 0 + 3
  end
  o.eps = 1e-5
  return as.loss(o)(x, as.tensor { t }, z):item(), seen
end

local function square(a, b) return a ^ 2 + b ^ 2 end

describe("losses/dsm", function()
  it("shows the model alpha x + sigma z at t", function()
    -- vp at 1/2: alpha 0.28118288, sigma 0.95965420; subvp sigma 0.92093619; vp at 0.1: 0.94672180,
    -- 0.32205254; ve (0.01, 50) at 1/2: 1, 0.70710678
    for _, case in ipairs {
      { "vp", 0.5, 0.28118288, 0.95965420 }, { "subvp", 0.5, 0.28118288, 0.92093619 },
      { "vp", 0.1, 0.94672180, 0.32205254 }, { "ve", 0.5, 1, 0.70710678 },
    } do
      local _, seen = at(case[2], { sde = case[1] })
      assert.near(case[3] * 1 + case[4] * 0.5, seen[1][1], 1e-6)
      assert.near(case[3] * -2 - case[4], seen[1][2], 1e-6)
      assert.near(case[2], seen[2], 1e-7)
    end
  end)

  it("is half the sum of |sigma s + z|^2, or the mean, or weighted by (g / sigma)^2", function()
    local s <const>, g <const> = 0.95965420, 3.17017350
    local sum = square(3 * s + 0.5, 3 * s - 1)
    assert.near(sum / 2, at(0.5, {}), 1e-5)
    assert.near(sum / 2, at(0.5, { reduce_mean = true }), 1e-5) -- of two numbers
    assert.near(sum / 2 * (g / s) ^ 2, at(0.5, { likelihood_weighting = true }), 1e-4)
    local v = 0.70710678 -- ve: g = 2.91842307 at 1/2
    assert.near(square(3 * v + 0.5, 3 * v - 1) / 2 * (2.91842307 / v) ^ 2,
      at(0.5, { sde = "ve", likelihood_weighting = true }), 1e-3)
  end)

  it("takes the model for what its output is", function()
    local a <const>, s <const> = 0.28118288, 0.95965420
    assert.near(square(0.5 - 3, -1 - 3) / 2, at(0.5, { output = "noise" }), 1e-5)
    -- denoiser: (alpha 3 - x_t) / sigma + z = alpha (3 - x) / sigma
    local denoiser = square(a * 2 / s, a * 5 / s) / 2
    assert.near(denoiser, at(0.5, { output = "denoiser" }), 1e-5)
    local loss, seen = at(0.5, { output = "edm" })
    assert.near(denoiser, loss, 1e-5)
    assert.near(1 + s / a * 0.5, seen[1][1], 1e-5)
    assert.near(s / a, seen[2], 1e-5)
  end)

  it("has the gradient of the model's output: sigma (sigma s + z)", function()
    local s <const> = 0.95965420
    local weight = as.tensor { 3 }:requires_grad_()
    local loss = as.loss { "dsm", model = function(xt) return xt * 0 + weight end }
    loss(x, as.tensor { 0.5 }, z):backward()
    assert.near(s * (2 * 3 * s + 0.5 - 1), weight.grad:item(), 1e-5)
  end)

  it("is least for the true noise: 0 for data at one point", function()
    -- x_0 = 0: the score of x_t is -x_t / sigma^2, the noise x_t / sigma
    local loss = as.loss { "dsm", sde = "ve", sigma_min = 2, sigma_max = 2.0001, output = "noise",
      model = function(xt) return xt / 2 end }
    assert.near(0, loss(as.zeros(500, 3)):item(), 1e-6)
  end)

  it("draws t over [eps, 1) and teaches the model", function()
    local times
    local net = nn.linear { 2, 2 }
    local loss = as.loss { "dsm", eps = 0.9, output = "noise", model = nn.module {
      net = net, forward = function(self, xt, t)
        times = t
        return self.net(xt)
      end,
    } }
    local l = loss(as.zeros(1000, 2))
    l:backward()
    assert.is_true(times:min():item() >= 0.9 and times:max():item() < 1)
    assert.near(0.95, times:mean():item(), 4 * 0.1 / math.sqrt(12 * 1000))
    assert.is_true(net.weight.grad:abs():max():item() > 0)
  end)

  it("refuses an SDE it does not know and ends the wrong way round", function()
    for text, o in pairs {
      ['sde = "edm" is none of vp, subvp, ve'] = { sde = "edm" },
      ["sigma_min = 3 is not below sigma_max = 2"] = { sigma_min = 3, sigma_max = 2 },
      ["eps = 0 is outside"] = { eps = 0 }, ["beta_min = 30 is above beta_max = 20"] = { beta_min = 30 },
    } do
      o[1], o.model = "dsm", print
      assert.error_matches(function() as.loss(o) end, text, 1, true)
    end
    assert.error_matches(function() at(1e-6, {}) end, "t from 1e-06 to 1e-06, expected eps = 1e-05 to 1", 1,
      true)
  end)
end)
