local as = require "assay"

describe("datasets/checkerboard", function()
  it("lies on the dark squares, evenly", function()
    local data = as.dataset { "checkerboard", train = 32000, test = 10 }
    assert.same({ "train", "test" }, data.splits)
    local seen = {}
    for _, point in ipairs(data.train.x:tolist()) do
      local column, row = math.floor((point[1] + 4) / 2), math.floor((point[2] + 4) / 2)
      assert.is_true(column >= 0 and column < 4 and row >= 0 and row < 4)
      assert.equal(0, (column + row) % 2)
      seen[column + 4 * row] = (seen[column + 4 * row] or 0) + 1
    end
    local n = 0
    for _, count in pairs(seen) do
      n = n + 1
      assert.near(1 / 8, count / 32000, 4 * math.sqrt(1 / 8 * 7 / 8 / 32000)) -- four standard errors
    end
    assert.equal(8, n)
    -- within a square: uniform, the mean square of the board's sides is limit^2 / 3
    assert.near(16 / 3, data.train.x:square():mean():item(), 0.08)
  end)

  it("has another size", function()
    local x = as.dataset { "checkerboard", squares = 2, limit = 1, train = 1000 }.train.x
    assert.is_true(x:abs():max():item() <= 1)
    assert.is_true((x:slice(2, 1, 1) * x:slice(2, 2, 2)):min():item() >= 0) -- the first and third quadrant
  end)

  it("refuses an odd number of squares", function()
    assert.error_matches(function() as.dataset { "checkerboard", squares = 3 } end,
      "squares = 3, expected an even number", 1, true)
  end)
end)
