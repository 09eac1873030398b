local as = require "assay"

-- Classes as lists of distances: { same = {...}, other = {...} }. Their other ends are classes of their own,
-- which have no pair within them.
local function pairs_of(classes)
  local d, first, second = {}, {}, {}
  for i, class in ipairs(classes) do
    for _, x in ipairs(class.same) do d[#d + 1], first[#d + 1], second[#d + 1] = x, i - 1, i - 1 end
    for _, x in ipairs(class.other) do
      d[#d + 1], first[#d + 1], second[#d + 1] = x, i - 1, i - 1 + #classes
    end
  end
  return as.tensor(d, "f64"), as.i64(first), as.i64(second)
end

local function opis(classes, o)
  o[1] = "opis"
  local score = as.score(o)
  local all, worst = score(pairs_of(classes))
  return all:item(), worst:item(), score.reports
end

local page <const> = {
  { same = { .2, .3, .4, .5 }, other = { .6, .7, .8, .9 } },
  { same = { .5, .6, .7, .8 }, other = { .7, .9, 1.0, 1.1 } },
}
local five <const> = { d_min = .4, d_max = .8, thresholds = 5, worst = 0.5 }

local function with(o)
  local out = {}
  for k, v in pairs(five) do out[k] = v end
  for k, v in pairs(o) do out[k] = v end
  return out
end

describe("scores/opis", function()
  it("has the page's numbers by either rule", function()
    local all, worst, r = opis(page, with {})
    assert.near(0.06734495, all, 1e-8)
    assert.near(0.06734495, worst, 1e-8) -- of two classes each is as far from the mean of both
    assert.equal(2, r.classes)
    assert.equal(2, r.skipped)
    assert.near(0.05469139, (opis(page, with { rule = "trapz" })), 1e-8)
  end)

  it("is 0 for classes with the same distances, and for every class twice the same", function()
    assert.near(0, (opis({ page[1], page[1] }, with {})), 1e-15)
    assert.near(0.06734495, (opis({ page[1], page[2], page[1], page[2] }, with {})), 1e-8)
  end)

  it("goes by the order of distances and thresholds alone", function()
    local moved = {}
    for i, class in ipairs(page) do
      moved[i] = { same = {}, other = {} }
      for kind, list in pairs(class) do
        for k, x in ipairs(list) do moved[i][kind][k] = 2 * x + 1 end
      end
    end
    assert.near(0.06734495, (opis(moved, with { d_min = 1.8, d_max = 2.6 })), 1e-8)
  end)

  it("takes its thresholds from the rates of all classes", function()
    local _, _, r = opis(page, { far_low = 1 / 7, far_high = 3 / 7, far = 2 / 7 })
    assert.near(0.7, r.d_min, 1e-12)
    assert.near(0.8, r.d_max, 1e-12)
    assert.near(0.25, r.far_spread, 1e-12) -- at 0.7: 2 of 4 pairs of the first class, 1 of 4 of the second
  end)

  it("refuses what has no answer", function()
    assert.error_matches(function() opis(page, with { strict = true }) end, "class 2 has no pair within it")
    assert.error_matches(function() opis(page, with { d_min = 0.9 }) end, "first must be the lower")
    local function refused(same, other, text)
      assert.error_matches(function() opis({ { same = same, other = other } }, with {}) end, text)
    end
    refused({ .1 }, {}, "no pair of different")
    refused({}, { .1 }, "no class has a pair")
    refused({ 0 / 0 }, { .1 }, "NaN")
  end)
end)
