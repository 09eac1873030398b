-- assay.probe against optima and votes worked out by hand.
local as = require "assay"
local probe = require "assay.probe"

-- Features +-1, each 20 times; of those at 1 a share of 3/4 is of class 1, of those at -1 a quarter.
local function coin()
  local x, y = {}, {}
  for i = 0, 39 do
    x[i + 1] = { i < 20 and 1 or -1 }
    y[i + 1] = (i < 20) == (i % 4 ~= 0) and 1 or 0
  end
  return { x = as.tensor(x), y = as.i64(y) }
end

describe("probe.linear", function()
  it("reaches the optimum: log 3 between two classes of odds 3 to 1", function()
    local set = coin()
    local accuracy, logits = probe.linear(set, set, { l2 = 0, tolerance = 1e-9 })
    assert.equal(0.75, accuracy)
    local row = logits:tolist()
    assert.near(math.log(3), row[1][2] - row[1][1], 1e-6)
    assert.near(math.log(3), row[40][1] - row[40][2], 1e-6)
  end)

  it("penalises the weights and not the bias", function()
    -- weights +-w of a standardised feature: the slope of the loss is (p - 3/4) + l2 w = 0, p = sigmoid(2 w)
    local set = coin()
    local _, logits = probe.linear(set, set, { l2 = 0.1, tolerance = 1e-10 })
    local row = logits:tolist()
    local w = (row[1][2] - row[1][1]) / 2
    assert.near(0, 1 / (1 + math.exp(-2 * w)) - 0.75 + 0.1 * w, 1e-7)
    -- no feature at all: the bias alone has the odds 3 to 1, whatever l2
    local flat = { x = as.ones(4, 2), y = as.i64 { 0, 1, 1, 1 } }
    local share, f = probe.linear(flat, flat, { l2 = 10, tolerance = 1e-9 })
    assert.equal(0.75, share)
    assert.near(math.log(3), f:tolist()[1][2] - f:tolist()[1][1], 1e-6)
  end)

  it("does not depend on the features' scale and place", function()
    local y = as.randint(3, 200)
    local x = as.randn(200, 5) + y:one_hot(3):matmul(as.randn(3, 5))
    local scale, place = as.tensor { 1e-3, 1, 10, 1e3, 5 }, as.tensor { 5, -3, 0, 1e3, 100 }
    local a, f = probe.linear({ x = x, y = y }, { x = x, y = y })
    local moved = { x = x * scale + place, y = y }
    local b, g = probe.linear(moved, moved)
    assert.near(a, b, 0.0051)
    assert.near(0, (f - g):abs():max():item(), 1e-2) -- f32 at 1e3 keeps 6e-5 of a deviation
  end)

  it("stops at the slope said, in ill-conditioned features too", function()
    local y = as.randint(4, 500)
    local base = as.randn(500, 3) + y:one_hot(4):matmul(as.randn(4, 3))
    local x = as.concat({ base, base:sum { 2, keep = true } + 0.01 * as.randn(500, 1) }, 2)
    local set = { x = x, y = y }
    local _, f = probe.linear(set, set)
    local _, exact = probe.linear(set, set, { tolerance = 1e-10, steps = 5000 })
    assert.near(0, (f - exact):abs():max():item(), 5e-3)
  end)

  it("judges on test, and leaves history and random streams alone", function()
    local train = { x = as.tensor { { -1 }, { 1 } }:requires_grad_(), y = as.i64 { 0, 1 } }
    as.seeded("script", 3)
    local accuracy = probe.linear(train, { x = as.tensor { { -2 }, { 3 }, { 0.5 }, { 4 } },
      y = as.i64 { 0, 1, 0, 1 } })
    assert.equal(0.75, accuracy)
    local drawn = as.rand(2)
    as.seeded("script", 3)
    assert.is_true(as.rand(2):equal(drawn))
  end)

  it("refuses other shapes, labels below 0, options it does not have", function()
    local good = coin()
    local function fails(text, ...)
      local given = { ... }
      assert.error_matches(function() probe.linear(table.unpack(given)) end, text, 1, true)
    end
    fails("probe.linear: train has x nil and y nil", {}, good)
    fails("probe.linear: test has x f32[40,1]", good, { x = good.x, y = as.i64 { 1 } })
    fails("train has features of 1 numbers, test of 2", good, { x = as.ones(1, 2), y = as.i64 { 0 } })
    fails("a label is -1, expected 0 or more", good, { x = as.ones(1, 1), y = as.i64 { -1 } })
    fails('no option "l1"', good, good, { l1 = 1 })
    fails("l2 is -1, expected a number from 0", good, good, { l2 = -1 })
  end)
end)

describe("probe.knn", function()
  -- unit vectors at these angles in degrees, of other lengths
  local function at(angles)
    local rows = {}
    for i, degrees in ipairs(angles) do
      rows[i] = { i * math.cos(math.rad(degrees)), i * math.sin(math.rad(degrees)) }
    end
    return as.tensor(rows)
  end

  it("votes among the k nearest by angle", function()
    local train = { x = at { 0, 10, 20, 80, 90 }, y = as.i64 { 0, 1, 1, 2, 2 } }
    local function classes(k, y)
      return probe.knn(train, { x = at { 2, 85, 40 }, y = as.i64(y) }, { k = k })
    end
    assert.equal(1, classes(1, { 0, 2, 1 }))
    assert.equal(1, classes(3, { 1, 2, 1 })) -- 2: 0 10 20; 85: 90 80 20; 40: 20 10 0 (80 as far as 0)
    assert.near(1 / 3, classes(3, { 0, 2, 0 }), 1e-12)
  end)

  it("a tie goes to the nearer voters", function()
    local train = { x = at { 0, 30 }, y = as.i64 { 1, 0 } }
    local test = { x = at { 10, 20 }, y = as.i64 { 1, 0 } }
    assert.equal(1, probe.knn(train, test, { k = 2 }))
  end)

  it("in blocks is at once", function()
    local y = as.randint(3, 2300)
    local x = as.randn(2300, 4) + 2 * y:one_hot(3):matmul(as.randn(3, 4))
    local train = { x = x:slice(1, 1, 300), y = y:slice(1, 1, 300) }
    local sum = 0
    for first = 301, 2300, 500 do
      sum = sum + probe.knn(train, { x = x:slice(1, first, first + 499), y = y:slice(1, first, first + 499) })
    end
    assert.near(sum / 4, probe.knn(train, { x = x:slice(1, 301, 2300), y = y:slice(1, 301, 2300) }), 1e-12)
  end)

  it("refuses more voters than items, features without direction", function()
    local set = { x = as.ones(3, 2), y = as.i64 { 0, 1, 1 } }
    assert.error_matches(function() probe.knn(set, set) end, "probe.knn: k is 20, train has 3 items", 1, true)
    local none = { x = as.zeros(1, 2), y = as.i64 { 0 } }
    assert.error_matches(function() probe.knn(set, none, { k = 1 }) end, "a feature vector has norm 0", 1,
      true)
  end)
end)
