local as = require "assay"

-- Page 53: two images of three classes and one mixed copy of each.
local raw <const> = { { 3, 1, 0 }, { 2, 2.5, 0 } }
local mixed <const> = { { 2, 1, 0 }, { 1, 0, 4 } } -- largest logits less those of raw: -1, 1.5
local ce <const> = 0.34687754 -- of labels 0 and 1

-- The loss, and the part without cross-entropy (before its weight).
local function call(o, partners, copies)
  local rows = {}
  for _ = 1, copies or 1 do
    table.move(mixed, 1, #mixed, #rows + 1, rows)
  end
  o[1] = "mrl"
  local loss = as.loss(o)
  local value = loss(as.tensor(raw), as.i64 { 0, 1 }, as.tensor(rows), as.i64(partners)):item()
  return value, loss.reports.mix
end

describe("losses/mrl", function()
  it("known answers: hinges 1 and 3.5 at margin 2, 0 and 2 at margin 0.5", function()
    local value, mix = call({}, { 2, 2 })
    assert.near(2.25, mix, 1e-6)
    assert.near(0.57187754, value, 1e-6)
    assert.near(1.0, select(2, call({ margin = 0.5 }, { 2, 2 })), 1e-6)
    assert.near(ce + 0.5 * 1.0, (call({ margin = 0.5, w_mix = 0.5 }, { 2, 2 })), 1e-6)
    assert.near(ce, (call({ w_mix = 0 }, { 2, 2 })), 1e-6)
  end)

  it("known answers: a pair of one label does not count; the authors' product of means", function()
    assert.near(0.5, select(2, call({}, { 2, 1 })), 1e-6)
    assert.near(1.125, select(2, call({ mask = "product" }, { 2, 1 })), 1e-6)
    assert.near(2.25, select(2, call({ mask = "product" }, { 2, 2 })), 1e-6)
  end)

  it("is the mean over the rows of all copies", function()
    assert.near(2.25, select(2, call({}, { 2, 2, 1, 0 }, 2)), 1e-6)
    assert.near((1 + 3.5 + 3.5) / 4, select(2, call({}, { 2, 2, 0, 0 }, 2)), 1e-6)
  end)

  it("on prob compares largest probabilities", function()
    local function p(f)
      local sum, most = 0, 0
      for _, v in ipairs(f) do
        sum, most = sum + math.exp(v), math.max(most, math.exp(v))
      end
      return most / sum
    end
    local want = 0
    for i = 1, 2 do
      want = want + math.max(p(mixed[i]) - p(raw[i]) + 0.1, 0) / 2
    end
    assert.near(want, select(2, call({ on = "prob", margin = 0.1 }, { 2, 2 })), 1e-6)
  end)

  it("has gradients through both: only the second pair's hinge is open at margin 0.5", function()
    local f, g = as.tensor(raw):requires_grad_(), as.tensor(mixed):requires_grad_()
    as.loss { "mrl", margin = 0.5, w_mix = 0.6 }(f, as.i64 { 0, 1 }, g, as.i64 { 2, 2 }):backward()
    local open = as.tensor { { 0, 0, 0 }, { 0, 0, 0.3 } } -- w_mix / B at the largest mixed logit
    assert.near(0, (g.grad - open):abs():max():item(), 1e-7)
    local alone = as.tensor(raw):requires_grad_()
    as.loss { "cross_entropy" }(alone, as.i64 { 0, 1 }):backward()
    local less = as.tensor { { 0, 0, 0 }, { 0, -0.3, 0 } } -- and off it at the largest raw one
    assert.near(0, (f.grad - alone.grad - less):abs():max():item(), 1e-6)
  end)

  it("refuses bad input", function()
    local function fails(text, o, ...)
      local given = { ... }
      o[1] = "mrl"
      assert.error_matches(function() as.loss(o)(table.unpack(given)) end, text, 1, true)
    end
    local f, y, g = as.tensor(raw), as.i64 { 0, 1 }, as.tensor(mixed)
    fails("mix_logits f32[3,3]", {}, f, y, as.zeros(3, 3), y)
    fails("mix_labels i64[3]", {}, f, y, g, as.i64 { 0, 1, 2 })
    fails("expected M * B with M >= 1", {}, f, y, as.zeros(0, 3), as.zeros { 0, dtype = "i64" })
    fails("mix_labels: value 3 at [1], expected 0 <= value < 3", {}, f, y, g, as.i64 { 0, 3 })
    fails("labels: value -1 at [0]", {}, f, as.i64 { -1, 0 }, g, y)
    fails("logits hold NaN or infinity", {}, f, y, as.tensor { { 0 / 0, 0, 0 }, { 0, 0, 0 } }, y)
    fails("margin = -1 is outside", { margin = -1 }, f, y, g, y)
    fails("logits of 1 class", {}, as.zeros(1, 1), as.i64 { 0 }, as.zeros(1, 1), as.i64 { 0 })
    fails("one number of a whole batch", { reduction = "none" }, f, y, g, y)
  end)
end)
