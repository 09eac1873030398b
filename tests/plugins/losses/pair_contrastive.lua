local as = require "assay"

local function at(angles)
  local rows = {}
  for i, a in ipairs(angles) do rows[i] = { math.cos(math.rad(a)), math.sin(math.rad(a)) } end
  return as.tensor(rows)
end

local labels = as.i64 { 0, 0, 1, 1 }

describe("losses/pair_contrastive", function()
  it("has the page's numbers: means over all pairs of a kind", function()
    local emb = at { 0, 20, 50, 85 }
    assert.near(0.24778092, as.loss { "pair_contrastive" } (emb, labels):item(), 1e-6)
    assert.near(0.12057767, as.loss { "pair_contrastive", mn = 1 } (emb, labels):item(), 1e-6)
    assert.near(0.12720325, as.loss { "pair_contrastive", mp = -1 } (emb, labels):item(), 1e-6)
  end)

  it("is 0 over no pairs and refuses embeddings without a direction", function()
    assert.equal(0, as.loss { "pair_contrastive" } (at { 0, 80 }, as.i64 { 0, 1 }):item())
    assert.error_matches(function() as.loss { "pair_contrastive" } (as.zeros(4, 2), labels) end, "norm 0")
    assert.error_matches(function() as.loss { "pair_contrastive" } (as.zeros(4, 2) / 0, labels) end, "NaN")
  end)
end)
