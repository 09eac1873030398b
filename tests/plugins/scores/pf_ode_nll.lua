local as = require "assay"
local nn = require "assay.nn"
local mixture = require "assay.mixture"

local one = mixture(as.dataset { "gauss_mixture", kind = "list", means = { 0.7 }, variances = { 0.25 } })

local function score(o)
  o[1], o.output, o.model = "pf_ode_nll", o.output or "edm", o.model or one.denoise
  return as.score(o)
end

describe("scores/pf_ode_nll", function()
  it("a Gaussian under vp, as in closed form", function()
    local log_p, bits, z, l = score {} (as.tensor { { 1.5 }, { 0.7 }, { -0.3 } })
    for i, wanted in ipairs {
      { 1.60457250, 0.69312948, -1.51313550 }, { 0.00460081, 0.69312948, -0.22581963 },
      { -1.99536380, 0.69312948, -2.21654739 },
    } do
      assert.near(wanted[1], z:tolist()[i][1], 1e-4)
      assert.near(wanted[2], l:tolist()[i], 1e-4)
      assert.near(wanted[3], log_p:tolist()[i], 2e-4)
      assert.near(-wanted[3] / math.log(2), bits:tolist()[i], 3e-4)
    end
  end)

  it("the trace is <J e, e>, for one vector on the whole way", function()
    -- ve with s = -2 J x / g^2 has F = J x: l = (1 - eps) e^T J e
    local J = as.tensor { { 1, 2 }, { 3, 4 } }
    local smin, smax = 1, math.exp(1)
    local function model(x, t)
      local g2 = (t * 2):exp() * 2
      return x:matmul(J:transpose()) * -2 / g2:reshape(-1, 1)
    end
    local s = score {
      sde = "ve", sigma_min = smin, sigma_max = smax, model = model, output = "score", eps = 0.5,
    }
    local probe = as.tensor { { 1, 1 }, { 1, -1 }, { -1, 1 }, { -1, -1 } }
    local _, _, _, l = s(as.randn(4, 2), probe)
    for i, wanted in ipairs { 10, 0, 0, 10 } do
      assert.near(wanted / 2, l:tolist()[i], 1e-4)
    end
    assert.near(5 / 2, l:mean():item(), 1e-4)
    -- drawn ones are signs: nothing else but 5 or 0, one in two
    _, _, _, l = s(as.zeros(400, 2))
    local share = l:gt(2.5):mean():item()
    assert.near(0.5, share, 4 * 0.5 / 20)
    assert.near(0, (l * (l - 5)):abs():max():item(), 1e-2)
  end)

  it("has the prior's own variance, and bits of images", function()
    -- ve of N(0.7, 0.25) with smin 0.01, smax 50: from V_e = 0.2501 to V_1 = 2500.25, the prior N(0, 2500)
    local log_p = score { sde = "ve" } (as.tensor { { 1.5 } })
    local z1 = (0.7 + 0.8 * math.sqrt(2500.25 / 0.2501)) / 50
    local exact = -0.5 * math.log(2 * math.pi) - math.log(50) - z1 ^ 2 / 2 + 0.5 * math.log(2500.25 / 0.2501)
    assert.near(exact, log_p:item(), 2e-4)
    -- four independent numbers: four times one, and the same bits a number; 7 more for 8-bit data in [-1, 1]
    local x = as.full(1.5, 1, 1, 2, 2)
    local flat = mixture(as.dataset { "gauss_mixture", kind = "list", dim = 4, means = { 0.7, 0.7, 0.7, 0.7 },
      variances = { 0.25 } })
    local function images(y, sigma) return flat.denoise(y:flatten(2), sigma):reshape(y:shape()) end
    local four, bits, z = score { model = images, offset = 7 } (x)
    assert.near(4 * -1.51313550, four:item(), 1e-3)
    assert.near(7 + 1.51313550 / math.log(2), bits:item(), 1e-3)
    assert.same({ 1, 1, 2, 2 }, z:shape())
  end)

  it("on a mixture in the plane: the mean of log p within 0.02 nats", function()
    local data = as.dataset { "gauss_mixture", test = 500 }
    local ring = mixture(data)
    local s, x = score { sde = "ve", sigma_max = 10, model = ring.denoise }, data.test.x
    -- over both probes of the plane the trace is exact; of one its standard error would be 0.1
    local log_p = (s(x, as.ones(500, 2)) + s(x, as.tensor { 1, -1 } * as.ones(500, 2))) / 2
    assert.near(ring.log_density(x):mean():item(), log_p:mean():item(), 0.02)
  end)

  it("refuses a model with dropout on, and what has no solution", function()
    local function fails(text, o)
      assert.error_matches(function() score(o)(as.ones(8, 2)) end, text, 1, true)
    end
    local net = nn.seq { nn.linear { 2, 64 }, nn.dropout { 0.5 }, nn.linear { 64, 2 } }
    local function model(x) return net(x) end
    fails("the model gave two answers for one input", { model = model, output = "noise" })
    net:eval()
    assert.is_true(score { model = model, output = "noise" } (as.ones(8, 2)):abs():max():item() < 1e3)
    fails("the solution is not finite", { model = function(x) return x * (0 / 0) end, output = "score" })
    fails("eps = 0 is outside", { eps = 0 })
    fails('sde = "edm" is none of vp, subvp, ve', { sde = "edm" })
  end)
end)
