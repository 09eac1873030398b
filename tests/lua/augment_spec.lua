-- assay.augment: what each view does to images whose result is known, and that each image is drawn for.
local as = require "assay"
local augment = require "assay.augment"

-- n images of 5 x 5, white at one place, which counts from 0.
local function point(row, column, n)
  local x = as.arange(5):eq(row):reshape(1, 1, 5, 1) * as.arange(5):eq(column):reshape(1, 1, 1, 5)
  return x:expand(n or 1, 1, 5, 5):contiguous()
end

local function near(a, b, within)
  assert.near(0, (a - b):abs():max():item(), within or 1e-6)
end

describe("augment", function()
  it("shifts by whole pixels, every move alike often, black comes in", function()
    local x = augment.shift { 1 }(point(2, 2, 9000))
    assert.same({ 9000, 1, 5, 5 }, x:shape())
    local often = x:sum(1):reshape(5, 5)
    assert.equal(9000, often:sum():item())
    for row = 2, 4 do
      for column = 2, 4 do
        -- 9,000 draws of 1/9: deviation 30
        assert.near(1000, often:tolist()[row][column], 150)
      end
    end
    near(augment.shift { 0 }(x), x, 0)
    assert.is_true(augment.shift { 4 }(as.ones(50, 1, 5, 5)):min():item() == 0)
  end)

  it("mirrors, inverts with the probability said", function()
    local x = as.rand(4000, 1, 3, 5)
    local mirrored = augment.flip {}(x)
    local same = (mirrored - x):abs():sum { 2, 3, 4 }:eq(0)
    assert.near(0.5, same:mean():item(), 0.04) -- deviation 0.008
    near(augment.flip { p = 1 }(x), x:flip(4), 0)
    near(augment.flip { p = 0 }(x), x, 0)
    local inverted = augment.inversion { p = 0.2 }(x)
    assert.near(0.2, (inverted - (1 - x)):abs():sum { 2, 3, 4 }:eq(0):mean():item(), 0.03)
    near(augment.inversion { p = 1 }(x), 1 - x, 0)
  end)

  it("crops a window of whole pixels and brings it to the image's size", function()
    -- a ramp along the columns: column j has value j. A window of 2 from column a has values a, a + 1, at
    -- pixel centres a + (i + 1/2) 2/4 - 1/2: a - 1/4, a + 1/4, a + 3/4, a + 5/4, the ends held
    local x = as.arange(4):float():reshape(1, 1, 1, 4):expand(300, 1, 4, 4):contiguous()
    local seen = {}
    for _, image in ipairs(augment.crop { 2, 2 }(x):tolist()) do
      local row = image[1][1]
      local a = row[1]
      assert.equal(a, math.floor(a))
      seen[a] = true
      for i, offset in ipairs { 0, 0.25, 0.75, 1 } do
        assert.near(a + offset, row[i], 1e-6)
      end
      assert.same(row, image[1][4])
    end
    assert.same({ [0] = true, true, true }, seen)
    near(augment.crop { 4, 4 }(x), x)
    near(augment.crop { 1, 4 }(as.ones(100, 2, 4, 6)), as.ones(100, 2, 4, 6)) -- nothing from outside
  end)

  it("blurs by a Gaussian of the deviation drawn, and keeps a flat image", function()
    local g, sum = {}, 0
    for i = -2, 2 do
      g[i] = math.exp(-i * i / 2)
      sum = sum + g[i]
    end
    local x = augment.blur { 1, 1, p = 1 }(point(2, 2)):reshape(5, 5):tolist()
    -- rows are brought to sum 1 each; the point's own has weight g0 / sum at its place
    assert.near((g[0] / sum) ^ 2, x[3][3], 1e-6)
    local above = g[1] / (g[0] + 2 * g[1] + g[2] + math.exp(-9 / 2)) -- row 1 reaches from -1 to 3
    assert.near(above * g[0] / sum, x[2][3], 1e-6)
    near(augment.blur { 0.1, 2 }(as.full(0.3, 20, 1, 5, 5)), as.full(0.3, 20, 1, 5, 5))
    near(augment.blur { 1e-3, 1e-3, p = 1 }(point(1, 3)), point(1, 3))
    local drawn = augment.blur { 0.1, 2, p = 1 }(point(2, 2, 50))
    assert.is_true(drawn:flatten(2):max(2):var(1):item() > 0)
  end)

  it("changes brightness and contrast by the factor drawn, within 0 .. 1", function()
    local x = as.tensor { 0.2, 0.4, 0.6, 0.8 }:reshape(1, 1, 2, 2)
    near(augment.brightness { 0.5, 0.5 }(x), x / 2)
    near(augment.brightness { 2, 2 }(x), as.tensor { 0.4, 0.8, 1, 1 }:reshape(1, 1, 2, 2))
    near(augment.contrast { 0.5, 0.5 }(x), as.tensor { 0.35, 0.45, 0.55, 0.65 }:reshape(1, 1, 2, 2))
    near(augment.contrast { 3, 3 }(x), as.tensor { 0, 0.2, 0.8, 1 }:reshape(1, 1, 2, 2))
    local factors = augment.brightness { 0.6, 1.4 }(as.full(0.5, 2000, 1, 1, 1)) * 2
    assert.near(1, factors:mean():item(), 0.03) -- deviation of the mean 0.005
    assert.is_true(factors:min():item() >= 0.6 and factors:min():item() < 0.63)
    assert.is_true(factors:max():item() <= 1.4 and factors:max():item() > 1.37)
  end)

  it("goes one after the other, from a stream of its own", function()
    local both = augment.chain { augment.inversion { p = 1 }, augment.brightness { 0.5, 0.5 } }
    near(both(as.zeros(2, 1, 2, 2)), as.full(0.5, 2, 1, 2, 2))
    local view, x = augment.chain { augment.shift { 2 }, augment.crop { 2, 5 } }, as.rand(8, 1, 5, 5)
    as.seeded("augment", 7)
    as.seeded("script", 7)
    local first, drawn = view(x), as.rand(3)
    as.seeded("augment", 7)
    as.seeded("script", 7)
    as.rand(0)
    assert.is_true(view(x):equal(first))
    assert.is_false(view(x):equal(first))
    as.seeded("script", 7)
    assert.is_true(as.rand(3):equal(drawn))
  end)

  it("refuses what no view is", function()
    local function fails(text, f, ...)
      local given = { ... }
      assert.error_matches(function() f(table.unpack(given)) end, text, 1, true)
    end
    fails("augment.shift: number 1 is -1, expected a whole number from 0", augment.shift, { -1 })
    fails("augment.crop: number 2 is 3, expected a whole number from 4", augment.crop, { 4, 3 })
    fails("augment.crop: a window of up to 9 pixels in images of 5 x 5", augment.crop { 2, 9 }, point(1, 1))
    fails("augment.flip: p is 2, expected a number from 0 to 1", augment.flip, { p = 2 })
    fails('augment.blur: no option "q"', augment.blur, { 1, 2, q = 1 })
    fails("augment.blur: number 1 is 0, expected a number from 0.001", augment.blur, { 0, 1 })
    fails("augment.contrast: number 2 is 0.5, expected a number from 0.6", augment.contrast, { 0.6, 0.5 })
    fails("augment.chain: number 2 is a table, expected a function of images", augment.chain,
      { augment.flip {}, {} })
  end)
end)
