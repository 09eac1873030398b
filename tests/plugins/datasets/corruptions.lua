local as = require "assay"

local function corrupted(o)
  o[1], o.source = "corruptions", o.source or { "sketch_ramps" }
  return as.dataset(o)
end

local source = as.dataset { "sketch_ramps" }

local function pixels(x, item)
  return x[item][1]:tolist()
end

describe("datasets/corruptions", function()
  it("adds noise of the said deviation, clipped to [0, 1]", function()
    local grey = corrupted { kind = "contrast", factor = 0.1 } -- far from 0 and 1
    local moved = corrupted({ kind = "noise", sd = 0.05, source = grey }).train.x - grey.train.x
    assert.near(0.05, moved:square():mean():item() ^ 0.5, 4 * 0.05 / (2 * 432) ^ 0.5) -- four standard errors
    local strong = corrupted({ kind = "noise", sd = 9 }).test.x
    assert.equal(0, strong:min():item())
    assert.equal(1, strong:max():item())
  end)

  it("lowers the contrast about 1/2, and inverts", function()
    local x = source.test.x
    local low = corrupted({ kind = "contrast", factor = 0.4 }).test.x
    assert.is_true((low - (x * 0.4 + 0.3)):abs():max():item() < 1e-6) -- page 37: x -> 0.4 x + 0.3
    assert.is_true((corrupted({ kind = "invert" }).test.x - (1 - x)):abs():max():item() < 1e-6)
  end)

  it("turns counter-clockwise about the middle", function()
    local x = source.test.x
    local turned = corrupted({ kind = "rotate", degrees = 90 }).test.x
    local before, after, n = pixels(x, 2), pixels(turned, 2), 6
    for r = 1, n do
      for k = 1, n do
        assert.near(before[k][n + 1 - r], after[r][k], 1e-5) -- the right edge becomes the top one
      end
    end
    assert.is_true((corrupted({ kind = "rotate", degrees = 0 }).test.x - x):abs():max():item() < 1e-6)
    local half = corrupted { kind = "rotate", degrees = 180 }
    local whole = corrupted { kind = "rotate", degrees = 180, source = half }
    assert.is_true((whole.test.x - x):abs():max():item() < 1e-5)
  end)

  it("moves each image in one of four directions", function()
    local x, seen = source.train.x, 0
    local moved = corrupted({ kind = "translate", pixels = 2 }).train.x
    for _, way in ipairs { { 2, 2 }, { 2, -2 }, { 3, 2 }, { 3, -2 } } do
      local axis, by = way[1] + 1, way[2]
      local n = 6
      local kept = by > 0 and { x:slice(axis, 1, n - by), moved:slice(axis, by + 1, n) }
        or { x:slice(axis, 1 - by, n), moved:slice(axis, 1, n + by) }
      local off = (kept[1] - kept[2]):abs():reshape(#x, -1):max(2)
      seen = seen + off:le(1e-6):sum():item()
    end
    assert.equal(#x, seen) -- every image fits just one of the four
  end)

  it("covers a square with black", function()
    local x = corrupted({ kind = "occlude", side = 3, source = corrupted { kind = "invert" } }).train.x
    local black = x:eq(0):reshape(#x, -1):sum(2)
    assert.equal(#x, black:eq(9):sum():item())
  end)

  it("blurs with a Gaussian: means stay, a ramp stays one inside", function()
    local x = source.test.x
    local blurred = corrupted({ kind = "blur", sigma = 0.5 }).test.x
    local before, after = pixels(x, 2), pixels(blurred, 2)
    assert.near(before[3][3], after[3][3], 1e-5)
    assert.is_true(after[1][1] > before[1][1]) -- at the dark end the border weighs in
    local flat = corrupted({ kind = "blur", sigma = 2, source = corrupted { kind = "contrast", factor = 0 } })
    assert.is_true((flat.test.x - 0.5):abs():max():item() < 1e-6)
  end)

  it("changes one split, or all", function()
    local only = corrupted { kind = "invert", split = "test" }
    assert.is_true(only.train.x:equal(source.train.x))
    assert.is_true(only.train.y:equal(source.train.y))
    assert.is_true((only.test.x - (1 - source.test.x)):abs():max():item() < 1e-6)
    assert.is_true(not corrupted({ kind = "invert" }).train.x:equal(source.train.x))
  end)

  it("is the same twice, and wants images, a split, a square that fits", function()
    local noisy = corrupted { kind = "noise", sd = 0.1 }
    assert.is_true(noisy.train.x:equal(noisy.train.x))
    local function fails(text, given)
      assert.error_matches(function() return corrupted(given).test end, text, 1, true)
    end
    fails("has 1 axes, expected images [N,C,H,W]", { source = { "sketch_count" } })
    fails('split = "tset" is no split of the source', { split = "tset" })
    fails("side = 7, the images are 6 x 6", { kind = "occlude", side = 7 })
  end)
end)
