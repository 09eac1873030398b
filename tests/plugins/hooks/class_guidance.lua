local as = require "assay"

describe("hooks/class_guidance", function()
  it("adds w times the gradient of log p(y|x) to the score", function()
    -- logits (a x, 0): d/dx log p(0|x) = a (1 - p_0), at x = 0 a / 2
    local function classifier(x)
      return as.concat({ x * 3, x * 0 }, -1)
    end
    local seen
    local hook = as.hook { "class_guidance", classifier = classifier, labels = as.i64 { 0, 1 }, w = 2 }
    -- one Euler step from x = 0 with score 0: x_mean = g^2 / N * guided
    local s = as.sampler {
      "sde_pc", n = 21, corrector = "none", predictor = "euler_maruyama", hooks = { hook },
      model = function(x)
        seen = (seen or 0) + 1
        return x * 0
      end,
    }
    local run = s:start { noise = as.zeros(2, 1) }
    run:step()
    local moved = run.x_mean:tolist()
    assert.near(2 * 1.5 * 20 / 21, moved[1][1], 1e-5)
    assert.near(-2 * 1.5 * 20 / 21, moved[2][1], 1e-5)
    assert.equal(1, seen)
  end)

  it("runs with other hooks in the script's order, which is written down", function()
    local guide = { "class_guidance", classifier = function(x)
      return x
    end, labels = as.i64 { 0 } }
    local s = as.sampler {
      "sde_pc", n = 50, model = function(x)
        return -x
      end,
      hooks = { guide, { "impute", mask = as.ones(1, 2), data = as.ones(1, 2) } },
    }
    assert.equal("hooks/class_guidance", s.params.hooks[1].plugin)
    assert.equal("hooks/impute", s.params.hooks[2].plugin)
    assert.near(0.99994503, s { shape = { 1, 2 } }:tolist()[1][1], 1e-5)
  end)
end)
