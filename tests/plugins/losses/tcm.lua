local as = require "assay"

-- Rows at these angles, in degrees, of length `scale`.
local function at(angles, scale)
  local rows = {}
  for i, a in ipairs(angles) do
    rows[i] = { (scale or 1) * math.cos(math.rad(a)), (scale or 1) * math.sin(math.rad(a)) }
  end
  return as.tensor(rows)
end

local labels = as.i64 { 0, 0, 1, 1 }
local angles <const> = { 0, 20, 50, 85 }

describe("losses/tcm", function()
  it("has the page's numbers, at any length of the embeddings", function()
    local loss = as.loss { "tcm" }
    assert.near(0.33525446, loss(at(angles), labels):item(), 1e-6)
    assert.equal(2, loss.reports.hard_pos)
    assert.equal(4, loss.reports.hard_neg)
    assert.near(0.33525446, loss(at(angles, 7), labels):item(), 1e-6)
    assert.near(0.08084796, as.loss { "tcm", w_neg = 0 } (at(angles), labels):item(), 1e-6)
    assert.near(0.25440651, as.loss { "tcm", w_pos = 0 } (at(angles), labels):item(), 1e-6)
  end)

  it("has gradient -1/2 at a hard positive, 1/4 at a hard negative, 0 elsewhere", function()
    local emb = at(angles):requires_grad_()
    local unit = emb / emb:square():sum(2):sqrt():reshape(-1, 1)
    local s = unit:matmul(unit:transpose())
    local by_pair = as.tensor { { 0, 0, 0, 0 }, { 0, 0, .25, 0 }, { 0, .25, 0, -.5 }, { 0, 0, -.5, 0 } }
    by_pair = by_pair + as.tensor { { 0, 0, .25, 0 }, { 0, 0, 0, 0 }, { .25, 0, 0, 0 }, { 0, 0, 0, 0 } }
    local want = as.grad((s * by_pair):sum(), emb)
    local got = as.grad(as.loss { "tcm" } (emb, labels), emb)
    assert.near(0, (want - got):abs():max():item(), 1e-6)
  end)

  it("is 0 with gradient 0 where no pair is hard, and where there are none of a kind", function()
    local emb = at({ 0, 1, 90, 91 }):requires_grad_()
    local loss = as.loss { "tcm" } (emb, labels)
    assert.equal(0, loss:item())
    assert.equal(0, as.grad(loss, emb):abs():max():item())
    local alone = as.loss { "tcm" } (at { 0, 10 }, as.i64 { 0, 1 }) -- no positive pair
    assert.near(math.cos(math.rad(10)) - 0.5, alone:item(), 1e-6)
    assert.near(0.9 - math.cos(math.rad(60)), as.loss { "tcm" } (at { 0, 60 }, as.i64 { 3, 3 }):item(), 1e-6)
  end)

  it("refuses margins in the wrong order and embeddings without a direction", function()
    assert.error_matches(function() as.loss { "tcm", m_pos = 0.5, m_neg = 0.5 } end, "not below m_pos")
    assert.error_matches(function() as.loss { "tcm" } (as.zeros(4, 2), labels) end, "norm 0")
    assert.error_matches(function() as.loss { "tcm" } (at(angles) * (0 / 0), labels) end, "NaN")
  end)
end)
