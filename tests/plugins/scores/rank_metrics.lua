local as = require "assay"
local statistics = require "assay.statistics"

local function of(x, y)
  local rho, tau = as.score { "rank_metrics" } (as.tensor(x, "f64"), as.tensor(y, "f64"))
  return rho:item(), tau:item()
end

describe("scores/rank_metrics", function()
  it("has the page's numbers", function()
    local rho, tau = of({ 1, 2, 3, 4, 5 }, { 2, 1, 4, 3, 5 })
    assert.near(0.8, rho, 1e-12)
    assert.near(0.6, tau, 1e-12)
    rho, tau = of({ 1, 2, 2, 3 }, { 1, 3, 2, 4 })
    assert.near(0.94868330, rho, 1e-8)
    assert.near(0.91287093, tau, 1e-8)
  end)

  it("agrees with the statistics of claims and queries, ties included", function()
    local x, y = {}, {}
    for i = 1, 40 do x[i], y[i] = i * 7 % 11, i * 5 % 13 + i * 7 % 11 end
    local rho, tau = of(x, y)
    assert.near(statistics.spearman(x, y), rho, 1e-12)
    assert.near(statistics.kendall(x, y), tau, 1e-12)
  end)

  it("refuses what has no ranks", function()
    assert.error_matches(function() of({ 1, 2 }, { 3, 3 }) end, "truths are all the same")
    assert.error_matches(function() of({ 1, 0 / 0 }, { 3, 4 }) end, "scores hold NaN")
    assert.error_matches(function() of({ 1, 2, 3 }, { 3, 4 }) end, "truths")
  end)
end)
