local as = require "assay"

-- Page 39: logits 2 1 0, three classes, margin 0.1, alpha 2, l1_mean unless said; f32 keeps seven digits.
local function new(options)
  local all = { "aldr_kl", lam0 = 1, n_samples = 4, reduction = "none" }
  for k, v in pairs(options or {}) do
    all[k] = v
  end
  return as.loss(all)
end

local function call(loss, label, index)
  return loss(as.tensor { { 2, 1, 0 } }, as.i64 { label }, as.i64 { index or 0 }):item()
end

local function lam(loss)
  return loss:state().lam:tolist()
end

describe("losses/aldr_kl", function()
  it("known answers: a fresh state, each label", function()
    for label, wanted in pairs { [0] = -0.64052313, 0.40698523, 1.42168410 } do
      local loss = new()
      assert.near(wanted, call(loss, label), 2e-6)
      assert.near(0.87884741, lam(loss)[1], 1e-6)
    end
  end)

  it("known answer: the second call starts from the first one's temperature", function()
    local loss = new()
    call(loss, 0)
    assert.near(-0.64042995, call(loss, 0), 2e-6)
    assert.near(0.85200968, lam(loss)[1], 1e-6)
  end)

  it("known answers: lam0 10 and 0.1", function()
    local loss = new { lam0 = 10 }
    assert.near(-0.90327465, call(loss, 0), 1e-5)
    assert.near(9.98486809, lam(loss)[1], 1e-5)
    loss = new { lam0 = 0.1 }
    assert.near(1.01760407, call(loss, 1), 1e-5)
    assert.near(0.05003293, lam(loss)[1], 1e-6)
  end)

  it("changes the temperatures of the batch's samples and no others", function()
    local loss = new()
    call(loss, 0, 2)
    local after = lam(loss)
    assert.near(0.87884741, after[3], 1e-6)
    assert.same({ 1, 1, 1 }, { after[1], after[2], after[4] })
  end)

  it("keeps the last temperature of a sample that stands in the batch twice", function()
    local one, both = new(), new()
    one(as.tensor { { 0.5, 1, 0 } }, as.i64 { 0 }, as.i64 { 2 })
    local losses = both(as.tensor { { 2, 1, 0 }, { 0.5, 1, 0 } }, as.i64 { 0, 0 }, as.i64 { 2, 2 }):tolist()
    assert.same(lam(one), lam(both))
    local at = as.loss { "ldr_kl", lam = lam(one)[3], normalize = "l1_mean" }
    local shift = -0.5 * 2 * math.log(3) * (lam(one)[3] - 1) ^ 2
    assert.near(at(as.tensor { { 2, 1, 0 } }, as.i64 { 0 }):item() + shift, losses[1], 1e-6)
  end)

  it("without update, and in evaluation, is ldr_kl at lam0 and keeps its state", function()
    local plain = as.loss { "ldr_kl", lam = 1, normalize = "l1_mean" }(as.tensor { { 2, 1, 0 } },
      as.i64 { 1 })
    local still, judging = new { update = false }, new()
    judging:eval()
    for _, loss in ipairs { still, judging } do
      assert.near(plain:item(), call(loss, 1), 1e-6)
      assert.same({ 1, 1, 1, 1 }, lam(loss))
    end
  end)

  it("has the gradient p - onehot of ldr_kl at the new temperature: none through lam, KL or p", function()
    -- p = softmax((f + c) / lam) with lam = 0.87884741, f = 2 1 0 (normalize none has another lam: take it)
    local loss = new { normalize = "none" }
    local x = as.tensor { { 2, 1, 0 } }:requires_grad_()
    loss(x, as.i64 { 1 }, as.i64 { 0 }):sum():backward()
    local l = lam(loss)[1]
    local e, sum = { math.exp(2.1 / l), math.exp(1 / l), math.exp(0.1 / l) }, 0
    for _, v in ipairs(e) do
      sum = sum + v
    end
    for k, g in ipairs(x.grad:tolist()[1]) do
      assert.near(e[k] / sum - (k == 2 and 1 or 0), g, 1e-6)
    end
  end)

  it("refuses what the page lists", function()
    local function fails(text, f)
      assert.error_matches(f, text, 1, true)
    end
    fails("lam0 = 0 is outside", function() new { lam0 = 0 } end)
    fails("alpha = 1 is outside", function() new { alpha = 1 } end)
    fails("labels: value 3 at [0], expected 0 <= value < 3", function() call(new(), 3) end)
    fails("index: value 4 at [0], expected 0 <= value < 4", function() call(new(), 0, 4) end)
    fails("index", function() new()(as.tensor { { 2, 1, 0 } }, as.i64 { 0 }) end)
    fails("2 classes or more", function() new()(as.tensor { { 2 } }, as.i64 { 0 }, as.i64 { 0 }) end)
    fails("all logits of an item are 0",
      function() new()(as.tensor { { 0, 0, 0 } }, as.i64 { 0 }, as.i64 { 0 }) end)
    fails("NaN", function() new()(as.tensor { { 0 / 0, 0, 0 } }, as.i64 { 0 }, as.i64 { 0 }) end)
    fails("index holds sample 2 twice",
      function()
        new { strict = true }(as.tensor { { 2, 1, 0 }, { 2, 1, 0 } }, as.i64 { 0, 1 }, as.i64 { 2, 2 })
      end)
  end)
end)
