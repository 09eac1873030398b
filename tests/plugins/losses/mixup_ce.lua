local as = require "assay"

describe("losses/mixup_ce", function()
  -- -log softmax of 2 1 0: 0.40760596, 1.40760596, 2.40760596
  local f <const> = { 2, 1, 0 }

  it("known answers: each label's cross-entropy by its weight, copy after copy", function()
    local loss = as.loss { "mixup_ce", reduction = "none" }
    local got = loss(as.tensor { f, f, f, f }, as.i64 { 0, 1 }, as.i64 { 2, 1, 1, 0 },
      as.tensor { 0.75, 0.4 }):tolist()
    for k, want in ipairs { 0.75 * 0.40760596 + 0.25 * 2.40760596, 1.40760596,
      0.4 * 0.40760596 + 0.6 * 1.40760596, 0.4 * 1.40760596 + 0.6 * 0.40760596 } do
      assert.near(want, got[k], 1e-6)
    end
  end)

  it("has the gradient p - mix onehot(y) - (1 - mix) onehot(y')", function()
    local x = as.tensor { f }:requires_grad_()
    as.loss { "mixup_ce" }(x, as.i64 { 0 }, as.i64 { 2 }, as.tensor { 0.75 }):backward()
    for k, want in ipairs { 0.66524096 - 0.75, 0.24472847, 0.09003057 - 0.25 } do
      assert.near(want, x.grad:tolist()[1][k], 1e-6)
    end
  end)

  it("refuses bad input", function()
    local function fails(text, ...)
      local given = { ... }
      assert.error_matches(function() as.loss { "mixup_ce" }(table.unpack(given)) end, text, 1, true)
    end
    local g, y = as.tensor { f, f }, as.i64 { 0, 1 }
    fails("mix from 1.5 to 1.5, expected weights from 0 to 1", g, y, y, as.tensor { 1.5 })
    fails("mix from", g, y, y, as.tensor { 0 / 0 })
    fails("mix f32[2]", g, y, y, as.tensor { 0.5, 0.5 })
    fails("mix_labels i64[3]", g, y, as.i64 { 0, 1, 2 }, as.tensor { 0.5 })
    fails("mix_labels: value 3 at [0]", g, y, as.i64 { 3, 1 }, as.tensor { 0.5 })
    fails("mix holds nothing", as.zeros(0, 3), y, as.zeros { 0, dtype = "i64" }, as.zeros(0))
    fails("mix_logits hold NaN or infinity", g / 0, y, y, as.tensor { 0.5 })
    fails("mix_logits of 1 class", as.zeros(1, 1), as.i64 { 0 }, as.i64 { 0 }, as.tensor { 0.5 })
  end)
end)
