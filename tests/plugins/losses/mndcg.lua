local as = require "assay"

-- Logits of two classes whose larger probability is p.
local function logits(p)
  return { math.log(p / (1 - p)), 0 }
end

-- 1 - ndcg of one image of confidence `raw` and its copies' confidences and coefficients.
local function missed(raw, conf, coefficient)
  local rows = {}
  for m, p in ipairs(conf) do
    rows[m] = logits(p)
  end
  local loss = as.loss { "mndcg" }
  loss(as.tensor { logits(raw) }, as.i64 { 0 }, as.tensor(rows), as.tensor(coefficient))
  return loss.reports.mix
end

describe("losses/mndcg", function()
  it("known answers: ordered and mis-ordered confidences", function()
    -- the copies come with coefficients .55 .85 .7; in descending order of these the confidences are
    assert.near(1 - 0.94818453, missed(0.9, { 0.6, 0.8, 0.7 }, { 0.55, 0.85, 0.7 }), 1e-6) -- .8 .7 .6
    assert.near(1 - 0.92932086, missed(0.9, { 0.8, 0.6, 0.7 }, { 0.55, 0.85, 0.7 }), 1e-6) -- .6 .7 .8
  end)

  it("is 0 where confidences are the coefficients, and costs where they are too large", function()
    -- a raw confidence of 1 - 1e-7
    assert.near(0, missed(1 - 1e-7, { 0.55, 0.85, 0.7 }, { 0.55, 0.85, 0.7 }), 1e-6)
    assert.near(1 - 0.83392401, missed(1 - 1e-7, { 0.99, 0.99, 0.99 }, { 0.55, 0.85, 0.7 }), 1e-6)
  end)

  it("does not mind the order of the copies", function()
    local one = missed(0.9, { 0.6, 0.8, 0.7 }, { 0.55, 0.85, 0.7 })
    assert.near(one, missed(0.9, { 0.8, 0.7, 0.6 }, { 0.85, 0.7, 0.55 }), 1e-7)
    assert.near(one, missed(0.9, { 0.7, 0.6, 0.8 }, { 0.7, 0.55, 0.85 }), 1e-7)
  end)

  it("is cross-entropy and w_mix times the mean over images; rows are copy after copy", function()
    local f = as.tensor { logits(0.9), logits(0.7) }
    local g = as.tensor { logits(0.6), logits(0.65), logits(0.8), logits(0.75) }
    local loss = as.loss { "mndcg", w_mix = 0.5 }
    local value = loss(f, as.i64 { 0, 0 }, g, as.tensor { 0.6, 1, 0.8, 0.9 }):item()
    local mix = (missed(0.9, { 0.6, 0.8 }, { 0.6, 0.8 }) + missed(0.7, { 0.65, 0.75 }, { 1, 0.9 })) / 2
    assert.near(-(math.log(0.9) + math.log(0.7)) / 2 + 0.5 * mix, value, 1e-6)
  end)

  it("has the gradient -g_j / IDCG below the ideal, IDCG g_j / DCG^2 above it", function()
    local function gradients(conf, coefficient)
      local x, r = as.tensor { logits(0.9) }:requires_grad_(), as.tensor { coefficient }:requires_grad_()
      local y = as.tensor { logits(conf) }:requires_grad_()
      as.loss { "mndcg", w_mix = 1 }(x, as.i64 { 0 }, y, r):backward()
      assert.is_nil(r.grad) -- coefficients are constants
      -- d conf / d logit = conf (1 - conf); the raw image also has cross-entropy's, conf - 1
      local a, b = x.grad:tolist()[1][1] + 0.1, y.grad:tolist()[1][1]
      return a / (0.9 * 0.1), b / (conf * (1 - conf))
    end
    local second = 1 / (math.log(3) / math.log(2)) -- discount 0.63092975
    local idcg = 1 + second * 0.8
    local raw, mixed = gradients(0.7, 0.8)
    assert.near(-1 / idcg, raw, 1e-5)
    assert.near(-second / idcg, mixed, 1e-5)
    local dcg = 0.9 + second * 0.99
    idcg = 1 + second * 0.6
    raw, mixed = gradients(0.99, 0.6)
    assert.near(idcg / dcg ^ 2, raw, 1e-5)
    assert.near(second * idcg / dcg ^ 2, mixed, 1e-4) -- 1 - 0.99 in f32
  end)

  it("refuses bad input", function()
    local f, y, g = as.zeros(2, 3), as.i64 { 0, 1 }, as.zeros(4, 3)
    local function fails(text, ...)
      local given = { ... }
      assert.error_matches(function() as.loss { "mndcg" }(table.unpack(given)) end, text, 1, true)
    end
    fails("mix_coef from 0.4 to 0.9, expected 0.5 to 1", f, y, g, as.tensor { 0.4, 0.9, 0.9, 0.9 })
    fails("expected 0.5 to 1", f, y, g, as.tensor { 1.5, 0.9, 0.9, 0.9 })
    fails("mix_coef from", f, y, g, as.tensor { 0 / 0, 0.9, 0.9, 0.9 })
    fails("mix_coef f32[3]", f, y, g, as.tensor { 0.9, 0.9, 0.9 })
    fails("mix_logits f32[3,3]", f, y, as.zeros(3, 3), as.tensor { 0.9, 0.9, 0.9 })
    fails("expected M * B with M >= 1", f, y, as.zeros(0, 3), as.zeros(0))
    fails("logits hold NaN or infinity", as.zeros(2, 3) / 0, y, g, as.full(0.9, 4))
    fails("labels: value 3 at [1]", f, as.i64 { 0, 3 }, g, as.full(0.9, 4))
    fails("logits of 1 class", as.zeros(2, 1), as.i64 { 0, 0 }, as.zeros(4, 1), as.full(0.9, 4))
  end)
end)
