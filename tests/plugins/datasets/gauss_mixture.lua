local as = require "assay"
local mixture = require "assay.mixture"

describe("datasets/gauss_mixture", function()
  it("draws a ring: every mode as often, of its variance", function()
    local data = as.dataset { "gauss_mixture", train = 40000, test = 10 }
    assert.same({ "train", "test", "modes" }, data.splits)
    assert.same({ 10, 2 }, data.test.x:shape())
    local train, modes = data.train, data.modes
    assert.near(4 * math.cos(math.pi / 4), modes.x:tolist()[2][1], 1e-6)
    assert.near(4 * math.sin(math.pi / 4), modes.x:tolist()[2][2], 1e-6)
    for _, share in ipairs(train.y:one_hot(8):mean(1):tolist()) do
      assert.near(1 / 8, share, 4 * math.sqrt(1 / 8 * 7 / 8 / 40000)) -- four standard errors
    end
    local off = train.x - modes.x:index_select(train.y, 1)
    assert.near(0.04, off:square():mean():item(), 4 * 0.04 * math.sqrt(2 / 80000))
    assert.near(0, off:mean():item(), 4 * 0.2 / math.sqrt(80000))
    assert.is_false(train.x:slice(1, 1, 10):equal(data.test.x))
  end)

  it("draws the modes of lists with their weights", function()
    local data = as.dataset {
      "gauss_mixture", kind = "list", means = { -3, 3 }, variances = { 1, 0.25 }, weights = { 7, 3 },
      train = 40000,
    }
    local train = data.train
    assert.near(0.3, data.modes.weight:tolist()[2], 1e-6)
    assert.near(0.3, train.y:float():mean():item(), 4 * math.sqrt(0.21 / 40000))
    assert.near(-3 * 0.7 + 3 * 0.3, train.x:mean():item(), 4 * math.sqrt(8.335 / 40000))
    -- mean square: 0.7 (9 + 1) + 0.3 (9 + 0.25)
    assert.near(9.775, train.x:square():mean():item(), 0.2)
  end)

  it("has its density: the entropy of a ring is ln 8 + 1 + ln(2 pi v)", function()
    local data = as.dataset { "gauss_mixture", train = 20000 }
    local nll = -mixture(data).log_density(data.train.x):mean():item()
    assert.near(1.698443, nll, 4 / math.sqrt(20000)) -- the deviation of a log density in the plane is 1
    -- one mode of variance 2 at (1, -1), at (2, 1) with sigma 1: -ln(2 pi 3) - (1 + 4) / 6
    local one = mixture(as.dataset {
      "gauss_mixture", kind = "list", dim = 2, means = { 1, -1 }, variances = { 2 },
    })
    assert.near(-math.log(6 * math.pi) - 5 / 6, one.log_density(as.tensor { { 2, 1 } }, 1):item(), 1e-6)
  end)

  it("has its denoiser", function()
    local ring = mixture(as.dataset { "gauss_mixture", variance = 0.09 })
    local function at(sigma) return ring.denoise(as.tensor { { 2, 1 } }, sigma):tolist()[1] end
    assert.near(3.148613, at(1)[1], 2e-6)
    assert.near(1.670644, at(as.tensor { 1 })[2], 2e-6)
    assert.near(2.775842, at(0.5)[1], 2e-6)
    assert.near(1.941965, at(0.5)[2], 2e-6)
    -- .3 N(-2, .25) + .7 N(2, .25) of the vp SDE at x = 0.5, t = 0.1 and 0.5: D of x / alpha, sigma / alpha
    local two = mixture(as.dataset {
      "gauss_mixture", kind = "list", means = { -2, 2 }, variances = { 0.25, 0.25 }, weights = { 0.3, 0.7 },
    })
    for alpha, wanted in pairs { [0.94672180] = 0.99218124, [0.28118288] = 1.24835268 } do
      local sigma = math.sqrt(1 - alpha ^ 2)
      assert.near(wanted, two.denoise(as.tensor { { 0.5 / alpha } }, sigma / alpha):item(), 1e-6)
    end
  end)

  it("the gradient of the log density is (D - x) / sigma^2", function()
    local two = mixture(as.dataset {
      "gauss_mixture", kind = "list", dim = 2, means = { 0, 0, 1, 2 }, variances = { 1, 0.3 },
      weights = { 1, 2 },
    })
    local x, sigma = as.randn(5, 2):requires_grad_(), as.tensor { 0.5, 1, 1.5, 2, 3 }
    local score = as.grad(two.log_density(x, sigma):sum(), x)
    local wanted = (two.denoise(x:detach(), sigma) - x:detach()) / sigma:square():reshape(-1, 1)
    assert.near(0, (score - wanted):abs():max():item(), 1e-5)
  end)

  it("refuses lists that do not fit", function()
    local function fails(text, o)
      o[1], o.kind = "gauss_mixture", "list"
      assert.error_matches(function() as.dataset(o) end, text, 1, true)
    end
    fails("variances of 0 modes, expected 1 to 1024", {})
    fails("means of 3 numbers, expected 2: 2 modes in 1 dimensions",
      { means = { 1, 2, 3 }, variances = { 1, 1 } })
    fails("weights of 1 modes, there are 2 variances",
      { means = { 1, 2 }, variances = { 1, 1 }, weights = { 1 } })
  end)
end)
