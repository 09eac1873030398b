local as = require "assay"

local function state(x)
  return { "w", w = as.tensor { x } }
end

local states = { state(1.6), state(0.2), state(1.9), state(-3) }

local function toy(theta)
  return -(theta.w:item() - 1) ^ 2
end

describe("soups/greedy", function()
  it("keeps 1.6 and 0.2 of the page's toy", function()
    local soup = as.soup { "greedy" }
    local merged, kept, trace = soup(states, toy)
    assert.near(0.9, merged.w:item(), 1e-7)
    assert.same({ 0, 1 }, kept:tolist())
    for k, expected in ipairs { -0.36, -0.01, -0.054444, -1.96 } do
      assert.near(expected, trace:tolist()[k], 1e-6)
    end
    assert.near(-0.01, soup.reports.value, 1e-6)
    assert.equal(2, soup.reports.ingredients)
    assert.equal(7, soup.reports.evaluations)
  end)

  it("tries the candidates the page names", function()
    local seen = {}
    as.soup { "greedy" }(states, function(theta)
      seen[#seen + 1] = theta.w:item()
      return toy(theta)
    end)
    assert.equal(7, #seen)
    assert.near(3.7 / 3, seen[6], 1e-6)
    assert.near(-0.4, seen[7], 1e-6)
  end)

  it("beats the uniform soup and the best of the toy", function()
    assert.near(-0.680625, toy(as.soup { "uniform" }(states)), 1e-6)
    assert.is_true(toy((as.soup { "greedy" }(states, toy))) >= -0.36)
  end)

  it("in a drawn order is no worse than its first", function()
    local soup, firsts = as.soup { "greedy", order = "random" }, {}
    for _ = 1, 20 do
      local merged, kept, trace = soup(states, toy)
      firsts[kept:tolist()[1]] = true
      assert.near(toy(states[kept:tolist()[1] + 1]), trace:tolist()[1], 1e-6)
      assert.is_true(toy(merged) >= trace:tolist()[1])
      assert.equal(4, soup.reports.evaluations)
    end
    assert.is_true(firsts[0] and firsts[1] and firsts[2] and firsts[3])
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

  it("refuses what has no mean", function()
    local function fails(text, list)
      assert.error_matches(function() as.soup { "greedy" }(list, toy) end, text, 1, true)
    end
    fails('"w" of state 2 holds NaN or infinity', { state(1), state(0 / 0) })
    fails("the list of states is empty", {})
    fails('state 2 has no "w"', { state(1), { "v", v = as.tensor { 1 } } })
  end)
end)
