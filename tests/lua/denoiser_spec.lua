-- assay.denoiser: EDM's preconditioning and loss by hand, networks, training.
local as = require "assay"
local nn = require "assay.nn"
local denoiser = require "assay.denoiser"
local mixture = require "assay.mixture"

local function close(want, got, tolerance)
  assert.near(0, (as.tensor(want) - got):abs():max():item(), tolerance or 1e-6)
end

describe("denoisers", function()
  it("EDM: D = c_skip x + c_out F(c_in x, ln(sigma) / 4)", function()
    -- sd 0.5, sigma 0.5: c_skip 1/2, c_out 0.25 / sqrt(0.5), c_in 1 / sqrt(0.5); sigma 2: c_skip 0.25 / 4.25,
    -- c_out 1 / sqrt(4.25), c_in 1 / sqrt(4.25)
    local D = denoiser.edm { nn.func(function(x, noise) return x + noise:unsqueeze(2) end) }
    local x = as.tensor { { 1, -2 }, { 3, 0.5 } }
    local function row(a, b, skip, out, into, noise)
      return { skip * a + out * (into * a + noise), skip * b + out * (into * b + noise) }
    end
    local half, wide = math.sqrt(0.5), math.sqrt(4.25)
    close({ row(1, -2, 0.5, 0.25 / half, 1 / half, math.log(0.5) / 4),
      row(3, 0.5, 0.25 / 4.25, 1 / wide, 1 / wide, math.log(2) / 4) }, D(x, as.tensor { 0.5, 2 }))
    assert.same({}, D:parameters())
  end)

  it("EDM's loss of one sigma, by hand", function()
    -- D = 0, sigma = e^0.3 always: weight (sigma^2 + sd^2) / (sigma sd)^2 on x^2
    local loss = denoiser.edm_loss { function(x) return x * 0 end, mean = 0.3, deviation = 0, sigma_data = 2 }
    local s = math.exp(0.3)
    local x = as.tensor { { 1, 2 }, { -1, 0 } }
    assert.near(6 / 4 * (s ^ 2 + 4) / (4 * s ^ 2), loss { x = x }:item(), 1e-6)
    -- a perfect guess costs nothing; labels come along, some as "none"
    local seen = {}
    local function perfect(_, _, label)
      for _, class in ipairs(label:tolist()) do
        seen[class] = (seen[class] or 0) + 1
      end
      return as.ones(1000, 2)
    end
    loss = denoiser.edm_loss { perfect, classes = 2, drop = 0.25 }
    local l = loss { x = as.ones(1000, 2), y = as.i64(as.ones(1000)) }
    assert.equal(0, l:item())
    assert.near(250, seen[2], 4 * math.sqrt(1000 * 0.25 * 0.75))
    assert.equal(1000, seen[1] + seen[2])
  end)

  it("a consistency function is x at the smallest level, and c_skip x + c_out net above", function()
    local one = denoiser.consistency { nn.func(function(x) return x * 0 + 1 end) }
    local zero = denoiser.consistency { nn.func(function(x) return x * 0 end) }
    local sigma = as.tensor { 0.002, 0.5, 80 }
    local skip = zero(as.ones(3, 1), sigma):reshape(-1):tolist()
    local out = one(as.zeros(3, 1), sigma):reshape(-1):tolist()
    for i, want in ipairs { { 1, 0 }, { 0.50200400, 0.35213918 }, { 3.9062927e-05, 0.49997773 } } do
      assert.near(want[1], skip[i], 1e-6 * want[1])
      assert.near(want[2], out[i], 1e-6)
    end
    -- c_in = 1 / sqrt(sigma^2 + sd^2), c_noise = ln(sigma) / 4
    local seen = denoiser.consistency { nn.func(function(x, noise) return x + noise:unsqueeze(2) end) }
    assert.near(0.502004 + 0.35213918 * (math.sqrt(2) + math.log(0.5) / 4),
      seen(as.ones(1, 1), as.tensor { 0.5 }):item(), 1e-6)
    local x, any = as.randn(50, 2), denoiser.consistency { denoiser.mlp { 2, width = 16 } }
    assert.is_true((any(x, as.full(0.002, 50)) - x):abs():max():item() < 1e-6)
  end)

  it("networks have the shapes of their items, and look at time and class", function()
    for _, net in ipairs {
      denoiser.mlp { 3, width = 16, layers = 2, classes = 4 },
      denoiser.mlp { 3, width = 16, embedding = nn.fourier { 8 }, classes = 4 },
      denoiser.residual { 3, width = 16, blocks = 2, condition = 8, classes = 4 },
    } do
      local x, t = as.randn(2, 3), as.tensor { 0.1, 0.1 }
      if net.films then -- they start as the identity
        net.films[2].project.weight:copy_(as.randn(32, 8))
      end
      local y = net(x, t, as.i64 { 0, 1 })
      assert.same({ 2, 3 }, y:shape())
      assert.is_false(y:equal(net(x, t, as.i64 { 0, 2 })))
      assert.is_true(y[1]:equal(net(x, t, as.i64 { 0, 2 })[1]))
      assert.is_false(y:equal(net(x, t + 0.5, as.i64 { 0, 1 })))
    end
    local image = denoiser.residual { 16, width = 8 } (as.randn(2, 1, 4, 4), as.ones(2))
    assert.same({ 2, 1, 4, 4 }, image:shape())
    local count = 0
    for _, p in ipairs(denoiser.residual { 196, classes = 10 }:parameters()) do
      count = count + p:count()
    end
    assert.near(0.65e6, count, 0.05e6)
  end)

  it("learns the denoiser of a Gaussian and gives the average, frozen", function()
    -- x_0 ~ N(1, 0.25): D = (0.25 x + sigma^2) / (0.25 + sigma^2)
    local data = as.dataset { "gauss_mixture", kind = "list", means = { 1 }, variances = { 0.25 } }
    local D = denoiser.edm { denoiser.mlp { 1, width = 32, layers = 2 } }
    local steps = {}
    local mean = denoiser.fit {
      D, data.train.x, loss = denoiser.edm_loss { D }, steps = 450,
      lr = as.optim.warm_up { 5e-3, steps = 50 },
      each = function(step) steps[#steps + 1] = step end,
    }
    assert.same({ 100, 200, 300, 400, 450 }, steps)
    assert.equal("eval", mean.mode)
    local x, sigma = as.tensor { { 0.5 }, { 1 }, { 2 } }, as.full(0.3, 3)
    local exact = mixture(data).denoise(x, sigma)
    assert.is_true((mean(x, sigma) - exact):abs():max():item() < 0.06)
    assert.is_false(mean(x, sigma).requires_grad)
  end)

  it("refuses what it cannot train", function()
    assert.error_matches(function() denoiser.fit { denoiser.mlp { 2 }, as.ones(3, 2), loss = print } end,
      "steps is nil, expected a whole number from 1", 1, true)
    assert.error_matches(function() denoiser.edm { nn.relu {}, sigma_data = 0 } end, "sigma_data is 0", 1,
      true)
    assert.error_matches(function() denoiser.mlp { 2, hidden = 3 } end, 'no option "hidden"', 1, true)
  end)
end)
