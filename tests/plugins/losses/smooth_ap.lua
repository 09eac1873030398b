local as = require "assay"

local function at(angles)
  local rows = {}
  for i, a in ipairs(angles) do rows[i] = { math.cos(math.rad(a)), math.sin(math.rad(a)) } end
  return as.tensor(rows)
end

local labels = as.i64 { 0, 0, 1, 1 }

describe("losses/smooth_ap", function()
  it("has the page's numbers, the query among its positives", function()
    local emb = at { 0, 20, 50, 85 }
    assert.near(0.04145225, as.loss { "smooth_ap" } (emb, labels):item(), 1e-6)
    assert.near(0.10306439, as.loss { "smooth_ap", temperature = 0.1 } (emb, labels):item(), 1e-6)
  end)

  it("is 0 where every class is together, and takes classes of unequal size", function()
    assert.near(0, as.loss { "smooth_ap" } (at { 0, 1, 90, 91 }, labels):item(), 1e-3)
    local loss = as.loss { "smooth_ap" } (at { 0, 1, 2, 91 }, as.i64 { 0, 0, 0, 1 }):item()
    assert.is_true(loss >= 0 and loss < 0.3)
  end)

  it("refuses embeddings without a direction", function()
    assert.error_matches(function() as.loss { "smooth_ap" } (as.zeros(4, 2), labels) end, "norm 0")
  end)
end)
