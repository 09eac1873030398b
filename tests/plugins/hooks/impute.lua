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
  end)
end)
