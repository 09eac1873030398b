local as = require "assay"

local function score(x, t)
  return -x * (t:reshape(-1, 1) * 0 + 1)
end

describe("hooks/impute", function()
  it("a mask of ones gives alpha(eps) times the data", function()
    local data = as.tensor { { 1, -2 }, { 0.5, 3 } }
    local hook = as.hook { "impute", mask = as.ones(2, 2), data = data }
    local x = as.sampler { "sde_pc", model = score, n = 50, hooks = { hook } } { shape = { 2, 2 } }
    local want = data * 0.99994503 -- vp at 1e-3
    assert.near(0, (x - want):abs():max():item(), 1e-5)
    local ve = as.sampler { "sde_pc", sde = "ve", eps = 1e-5, model = score, n = 50, hooks = { hook } }
    assert.near(0, (ve { shape = { 2, 2 } } - data):abs():max():item(), 1e-6)
  end)

  it("keeps what is known and leaves the rest to the sampler", function()
    local hook = as.hook { "impute", mask = as.tensor { { 1, 0 } }, data = as.tensor { { 5, 7 } } }
    local x = as.sampler { "sde_pc", model = score, n = 50, hooks = { hook } } { shape = { 1, 2 } }
    assert.near(5 * 0.99994503, x:tolist()[1][1], 1e-4)
    assert.is_true(math.abs(x:tolist()[1][2] - 7) > 0.1)
  end)

  it("colorization keeps the grey: the first channel of the colours times M", function()
    local M = { { .57735027, -.81649658, 0 }, { .57735027, .40824829, .70710678 },
      { .57735027, .40824829, -.70710678 } }
    local basis = as.tensor(M)
    local turned = as.tensor { { .2, .5, .8 } }:matmul(basis):tolist()[1]
    for i, wanted in ipairs { .8660254, .36742346, -.21213203 } do
      assert.near(wanted, turned[i], 1e-6)
    end
    local identity = as.tensor { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } }
    assert.near(0, (basis:matmul(basis:transpose()) - identity):abs():max():item(), 1e-7)
    -- two pixels, grey 0.5 and the colour above; the grey of the sample is the data's times alpha
    local data = as.tensor { { { .5, .2 }, { .5, .5 }, { .5, .8 } } }:unsqueeze(4) -- [1,3,2,1]
    local mask = as.tensor { { { 1, 1 }, { 0, 0 }, { 0, 0 } } }:unsqueeze(4)
    local function sampled(o)
      o[1], o.data, o.basis = "impute", data, M
      return as.sampler {
        "sde_pc", n = 50, hooks = { o }, model = function(x) return -x end,
      } { shape = { 1, 3, 2, 1 } }
    end
    local x = sampled { mask = mask }
    for i, grey in ipairs { .5, .5 } do -- .8660254 / sqrt(3)
      local pixel = x:slice(3, i, i):mean():item()
      assert.near(grey * 0.99994503, pixel, 1e-5)
    end
    assert.is_true((x - data):abs():max():item() > 0.1)
    x = sampled { mask = mask * 0 + 1 }
    assert.near(0, (x - data * 0.99994503):abs():max():item(), 1e-5)
  end)

  it("refuses a mask that is not 0 or 1 and another shape", function()
    local function run(mask)
      local hook = as.hook { "impute", mask = mask, data = as.ones(1, 2) }
      return as.sampler { "sde_pc", model = score, n = 50, hooks = { hook } } { shape = { 1, 2 } }
    end
    assert.has_error(function()
      run(as.tensor { { 0.5, 0 } })
    end)
    assert.has_error(function()
      run(as.ones(1, 3))
    end)
    local function basis(m, text)
      local hook = as.hook { "impute", mask = as.ones(1, 2), data = as.ones(1, 2), basis = m }
      assert.error_matches(function()
        as.sampler { "sde_pc", model = score, n = 50, hooks = { hook } } { shape = { 1, 2 } }
      end, text, 1, true)
    end
    basis({ { 1, 0 }, { 1, 1 } }, "basis is not orthonormal: M^T M is off I by 1")
    basis({ { 1 } }, "basis of 1 channels, x has 2")
  end)
end)
