local as = require "assay"

local function state(x)
  return { "w", w = as.tensor { x } }
end

local states = { state(1.6), state(0.2), state(1.9), state(-3) }

describe("soups/greedy", function()
  it("keeps 1.6 and 0.2 of the page's toy", function()
    local seen = {}
    local soup = as.soup { "greedy" }
    local merged = soup(states, function(theta)
      local t = theta.w:item()
      seen[#seen + 1] = t
      return -(t - 1) ^ 2
    end)
    assert.near(0.9, merged.w:item(), 1e-7)
    assert.near(-0.01, soup.reports.value, 1e-6)
    assert.equal(2, soup.reports.ingredients)
    assert.equal(7, soup.reports.evaluations)
    assert.near(0.9, seen[5], 1e-6)
    assert.near(3.7 / 3, seen[6], 1e-6)
    assert.near(-0.4, seen[7], 1e-6)
  end)

  it("has two rules for ties, and wants a number", function()
    local function same()
      return 1
    end
    local soup = as.soup { "greedy" }
    assert.near(1.6, soup(states, same).w:item(), 1e-7)
    assert.near(0.175, as.soup { "greedy", tie = "accept" }(states, same).w:item(), 1e-7)
    assert.has_error(function()
      soup(states, function()
        return "good"
      end)
    end)
  end)
end)
