local as = require "assay"

local function state(values)
  local s = {}
  for name, value in pairs(values) do
    s[#s + 1], s[name] = name, as.is_tensor(value) and value or as.tensor(value)
  end
  return s
end

local function soup(...)
  return as.soup { "uniform" }(...)
end

describe("soups/uniform", function()
  it("weights 3 and 1 on 1 and 5 give 2", function()
    local both = { state { a = { 1 } }, state { a = { 5 } } }
    assert.equal(2, soup(both, { 3, 1 }).a:item())
    assert.equal(3, soup(both).a:item())
    assert.equal(5, soup { states = both, weights = { 0, 2 } }.a:item())
  end)

  it("of equal states is that state, bit by bit", function()
    local theta = state { w = as.randn { 300, 7 }, b = as.randn { 300 } }
    for _, count in ipairs { 1, 2, 3, 8, 10, 100 } do
      local copies = {}
      for k = 1, count do
        copies[k] = theta
      end
      local merged = soup(copies)
      assert.is_true(merged.w:equal(theta.w))
      assert.is_true(merged.b:equal(theta.b))
    end
  end)

  it("is the mean to f32's last digit, where a running sum is not", function()
    local big = 2 ^ 24
    local states = { state { a = { big } }, state { a = { 1 } }, state { a = { 1 } }, state { a = { -big } } }
    assert.equal(0.5, soup(states).a:item())
  end)

  it("takes states in any order of names, and keeps that of the first", function()
    local a, b = { "u", "v", u = as.tensor { 1 }, v = as.tensor { 10 } },
      { "v", "u", u = as.tensor { 3 }, v = as.tensor { 30 } }
    local merged = soup { a, b }
    assert.equal(2, merged.u:item())
    assert.equal(20, merged.v:item())
    assert.same({ "u", "v" }, { merged[1], merged[2] })
  end)

  it("carries equal integers over and refuses others", function()
    local merged = soup { state { w = { 1 }, n = as.i64 { 7, 8 } }, state { w = { 2 }, n = as.i64 { 7, 8 } } }
    assert.same({ 7, 8 }, merged.n:tolist())
    assert.error_matches(function()
      soup { state { w = { 1 }, n = as.i64 { 7 } }, state { w = { 2 }, n = as.i64 { 9 } } }
    end, 'integer tensor "n" differs between state 1 and state 2', 1, true)
  end)

  it("merges networks", function()
    local nn = require "assay.nn"
    local one, two = nn.linear { 3, 2 }, nn.linear { 3, 2 }
    local x, mean = as.randn { 5, 3 }, nn.linear { 3, 2 }
    mean:load(soup { one, two })
    assert.is_true((mean(x) - (one(x) + two(x)) / 2):abs():max():item() < 1e-6)
  end)

  it("refuses what has no mean", function()
    local function fails(text, ...)
      local given = table.pack(...)
      assert.error_matches(function() soup(table.unpack(given, 1, given.n)) end, text, 1, true)
    end
    local one = state { a = { 1 } }
    fails("the list of states is empty", {})
    fails('state 2 has no "a"', { one, state { b = { 1 } } })
    fails('state 2 has "b"', { one, state { a = { 1 }, b = { 1 } } })
    fails('"a" of state 2 is f32[2], the first has f32[1]', { one, state { a = { 1, 2 } } })
    fails('"a" of state 3 holds NaN or infinity', { one, one, state { a = { 0 / 0 } } })
    fails('"a" of state 1 holds NaN or infinity', { state { a = { math.huge } }, one })
    fails("1 weights for 2 states", { one, one }, { 1 })
    fails("weight -1 of state 2, expected 0 or more", { one, one }, { 2, -1 })
    fails("all 2 weights are 0", { one, one }, { 0, 0 })
    fails("nan of state 1, expected 0 or more", { one, one }, { 0 / 0, 1 })
  end)
end)
