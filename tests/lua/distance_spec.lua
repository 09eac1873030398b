-- assay.distance against numbers worked out by hand.
local as = require "assay"
local distance = require "assay.distance"

describe("distances between samples", function()
  it("energy, by hand and without bias", function()
    -- x = 0, 1; y = 3, 5: E|X-Y| = (3 + 5 + 2 + 4)/4 = 3.5, E|X-X'| = 1, E|Y-Y'| = 2 over pairs of two items
    local x, y = as.tensor { { 0 }, { 1 } }, as.tensor { { 3 }, { 5 } }
    assert.near(2 * 3.5 - 1 - 2, distance.energy(x, y), 1e-12)
    -- (0,0), (3,4) against themselves: 2 * 10/4 - 5 - 5
    local z = as.tensor { { 0, 0 }, { 3, 4 } }
    assert.near(-5, distance.energy(z, z), 1e-12)
    -- N(0,1) and N(d,1) in one dimension: 2 E|N(d,2)| - 4/sqrt(pi), E|N(m,s^2)| = s sqrt(2/pi) e^(-m^2/2s^2)
    -- + m erf(m/(s sqrt 2)); d = 1: 2 (2/sqrt(pi) e^-0.25 + erf(0.5)) - 4/sqrt(pi) = 0.5418047
    local a, b = as.randn(4000, 1), as.randn(4000, 1) + 1
    -- two means of 4,000 move it by 1.04 sqrt(2 / 4000) = 0.023, the standard error
    assert.near(0.5418047, distance.energy(a, b), 0.1)
    assert.near(0, distance.energy(a, as.randn(4000, 1)), 0.004)
  end)

  it("energy in blocks is energy at once", function()
    local x, y = as.randn(2500, 3), as.randn(2100, 3) + 0.1
    local function mean(a, b, own)
      return a:double():squared_distances(b:double()):sqrt():sum():item() / (#a * (#b - own))
    end
    assert.near(2 * mean(x, y, 0) - mean(x, x, 1) - mean(y, y, 1), distance.energy(x, y), 1e-10)
  end)

  it("sliced Wasserstein in one dimension is Wasserstein", function()
    local x, y = as.tensor { { 3 }, { 0 }, { 1 } }, as.tensor { { 5 }, { 6 }, { 8 } }
    assert.near(5, distance.sliced_wasserstein(x, y, { p = 1 }), 1e-12)
    assert.near(5, distance.sliced_wasserstein(x, y, {}), 1e-12) -- 0, 1, 3 to 5, 6, 8: all by 5
    -- sizes 2 and 3: quantiles 0 0 0 4 4 4 against 1 1 2 2 6 6 in sixths
    local u, v = as.tensor { { 4 }, { 0 } }, as.tensor { { 2 }, { 6 }, { 1 } }
    assert.near((1 + 1 + 2 + 2 + 2 + 2) / 6, distance.sliced_wasserstein(u, v, { p = 1 }), 1e-12)
    assert.near(math.sqrt((1 + 1 + 4 + 4 + 4 + 4) / 6), distance.sliced_wasserstein(v, u), 1e-12)
  end)

  it("sliced Wasserstein is the mean over directions", function()
    -- moved by (3, 4): along the axes 3 and 4, W_2 = sqrt((9 + 16)/2)
    local x = as.randn(50, 2)
    local axes = as.tensor({ { 1, 0 }, { 0, 1 } }, "f64")
    local moved = x + as.tensor { 3, 4 }
    assert.near(math.sqrt(12.5), distance.sliced_wasserstein(x, moved, { directions = axes }), 1e-6)
    -- over all directions of the plane |(3,4)|^2 / 2
    assert.near(math.sqrt(12.5), distance.sliced_wasserstein(x, moved, { projections = 5000 }), 0.1)
  end)

  it("Frechet of samples with known moments", function()
    -- four corners (+-1, +-1): mean 0, covariance 4/3 I; twice as wide and moved by (1, 2): 16/3 I
    local x = as.tensor { { 1, 1 }, { 1, -1 }, { -1, 1 }, { -1, -1 } }
    local y = x * 2 + as.tensor { 1, 2 }
    local wanted = 5 + 2 * (math.sqrt(16 / 3) - math.sqrt(4 / 3)) ^ 2
    assert.near(wanted, distance.frechet(x, y), 1e-9)
    assert.near(0, distance.frechet(x, x), 1e-9)
    -- covariances that do not commute: diag(4, 1) 4/3 and its turn by 45 degrees, [[2.5, 1.5], [1.5, 2.5]]
    -- 4/3: tr root = sqrt(tr(AB) + 2 sqrt(det(AB))) = 4/3 sqrt(12.5 + 8)
    local a = x * as.tensor { 2, 1 }
    local c = math.sqrt(0.5)
    local b = a:matmul(as.tensor { { c, c }, { -c, c } })
    assert.near(2 * 20 / 3 - 2 * 4 / 3 * math.sqrt(20.5), distance.frechet(a, b), 1e-6)
  end)

  it("refuses what is no pair of samples", function()
    local function fails(text, ...)
      local arguments = table.pack(...)
      assert.error_matches(function() arguments[1](table.unpack(arguments, 2)) end, text, 1, true)
    end
    fails("sample 1 is", distance.energy, as.ones(3), as.ones(3, 1))
    fails("sample 2 is boolean", distance.frechet, as.ones(3, 1))
    fails("sample 2 is", distance.frechet, as.ones(3, 1), as.ones(1, 1))
    fails("items of 2 and of 1 numbers", distance.sliced_wasserstein, as.ones(3, 2), as.ones(3, 1))
    local two = as.ones(3, 2)
    fails('no option "projection"', distance.sliced_wasserstein, two, two, { projection = 3 })
  end)
end)
