local as = require "assay"

local function sampler(o)
  o[1] = "consistency_multistep"
  o.model = o.model or function(x) return x * 0 end
  return as.sampler(o)
end

describe("samplers/consistency_multistep", function()
  it("one step is F(sigma_max z, sigma_max)", function()
    local function half(x, sigma)
      assert.same({ 80, 80 }, sigma:tolist())
      return x / 2
    end
    local x = sampler { model = half } { noise = { { 1, -2 }, { 0.5, 0 } } }
    assert.same({ { 40, -80 }, { 20, 0 } }, x:tolist())
  end)

  it("each further step puts noise of its level back: sqrt(tau^2 - sigma_min^2)", function()
    local seen = {}
    local function mean_three(x, sigma)
      seen[#seen + 1] = { sigma:tolist()[1], x:mean():item(), x:square():mean():sqrt():item() }
      return x * 0 + 3
    end
    local n <const> = 40000
    local x = sampler { model = mean_three, sigma_min = 0.3, sigma_max = 5, levels = { 2, 0.5, 0.3 } } {
      shape = { n, 1 },
    }
    assert.equal(3, x:max():item())
    assert.equal(4, #seen)
    for k, want in ipairs { { 5, 0, 5 }, { 2, 3, math.sqrt(3.91) }, { 0.5, 3, 0.4 }, { 0.3, 3, 0 } } do
      local deviation = math.sqrt(math.max(0, seen[k][3] ^ 2 - seen[k][2] ^ 2))
      assert.near(want[1], seen[k][1], 1e-6)
      assert.near(want[2], seen[k][2], 4 * want[3] / math.sqrt(n) + 1e-6) -- four standard errors
      assert.near(want[3], deviation, 4 * want[3] / math.sqrt(2 * n) + 2e-3)
    end
  end)

  it("the exact function of a single Gaussian draws it in one step and in three", function()
    -- data N(0, v): F = x sqrt((v + smin^2) / (v + sigma^2)) is the probability-flow ODE's end
    local v <const> = 0.25
    local function exact(x, sigma)
      return x * ((v + 0.002 ^ 2) / (sigma:square() + v)):sqrt():reshape(-1, 1)
    end
    for _, levels in ipairs { {}, { 2, 0.4 } } do
      local x = sampler { model = exact, levels = levels } { shape = { 40000, 1 } }
      assert.near(0.5, x:square():mean():sqrt():item(), 4 * 0.5 / math.sqrt(80000))
    end
  end)

  it("refuses bad input", function()
    local function fails(text, o)
      assert.error_matches(function() sampler(o) { shape = { 2, 2 } } end, text, 1, true)
    end
    fails("sigma_min = 3 is not below sigma_max = 2", { sigma_min = 3, sigma_max = 2 })
    fails("levels: 0.9 follows 0.4, expected levels that fall", { levels = { 0.4, 0.9 } })
    fails("levels: 0.4 follows 0.4, expected levels that fall", { levels = { 0.4, 0.4 } })
    fails("levels: 90 is outside sigma_min = 0.002 to sigma_max = 80", { levels = { 90 } })
    fails("levels: 0.001 is outside sigma_min = 0.002 to sigma_max = 80", { levels = { 0.001 } })
    assert.error_matches(function() sampler {} {} end, "neither noise nor shape was given", 1, true)
  end)
end)
