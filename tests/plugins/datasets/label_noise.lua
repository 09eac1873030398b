local as = require "assay"

describe("datasets/label_noise", function()
  it("flips xi (C - 1) / C of the labels of one split, and says which", function()
    local clean = as.dataset { "sketch_classes" }
    local noisy = as.dataset { "label_noise", source = clean, xi = 0.4 }
    assert.same(clean.splits, noisy.splits)
    local train = noisy.train
    local share = train.noisy:to("f32"):mean():item()
    assert.near(0.4 * 0.9, share, 0.05) -- 2,000 items: sd 0.011
    assert.same(clean.train.y:tolist(), train.clean:tolist())
    assert.same(clean.train.x:shape(), train.x:shape())
    local y, truth, mark = train.y:tolist(), train.clean:tolist(), train.noisy:tolist()
    for i = 1, #y do
      assert.equal(y[i] ~= truth[i] and 1 or 0, mark[i])
    end
    assert.equal(0, noisy.test.noisy:to("f32"):sum():item())
  end)

  it("flips to the next class with probability xi, which is the true rate", function()
    local train = as.dataset { "label_noise", source = { "sketch_classes" }, xi = 0.3, kind = "next" }.train
    local y, clean = train.y:tolist(), train.clean:tolist()
    local flips = 0
    for i = 1, #y do
      assert.is_true(y[i] == clean[i] or y[i] == (clean[i] + 1) % 10)
      flips = flips + (y[i] ~= clean[i] and 1 or 0)
    end
    assert.near(0.3, flips / #y, 4 * math.sqrt(0.3 * 0.7 / #y)) -- four standard errors
    local all = as.dataset { "label_noise", source = { "sketch_classes" }, xi = 1, kind = "next" }.train
    assert.equal((all.clean:tolist()[1] + 1) % 10, all.y:tolist()[1])
  end)

  it("flips similar pairs of a table, and leaves the other classes", function()
    -- T-shirt 0 and shirt 6, pullover 2 and coat 4, sandal 5 and sneaker 7 of Fashion-MNIST
    local to = { 6, 1, 4, 3, 2, 7, 0, 5, 8, 9 }
    local noisy = as.dataset {
      "label_noise", source = { "sketch_classes" }, xi = 0.5, kind = "table", table = to,
    }
    local train = noisy.train
    local y, clean, flips, may = train.y:tolist(), train.clean:tolist(), 0, 0
    for i = 1, #y do
      assert.is_true(y[i] == clean[i] or y[i] == to[clean[i] + 1])
      may = may + (to[clean[i] + 1] ~= clean[i] and 1 or 0)
      flips = flips + (y[i] ~= clean[i] and 1 or 0)
    end
    assert.equal(0.6 * #y, may) -- six of ten classes have a partner, the items are even
    assert.near(0.5, flips / may, 4 * math.sqrt(0.25 / may))
  end)

  it("is the same data set in whatever order its splits are read", function()
    local function noisy()
      return as.dataset { "label_noise", source = { "sketch_classes" }, xi = 0.4, split = "test" }
    end
    local one, other = noisy(), noisy()
    local labels = one.test.y
    assert.is_true(other.train.y:equal(one.train.y))
    assert.is_false(labels:equal(one.test.clean))
  end)

  it("refuses what has no labels to flip", function()
    local function fails(text, o)
      assert.error_matches(function()
        o[1], o.source = "label_noise", { "sketch_classes" }
        return as.dataset(o).train
      end, text, 1, true)
    end
    fails("table of 3 numbers, expected one for each of 10 classes", { kind = "table", table = { 0, 1, 2 } })
    fails("class 4 at [1], expected 0 <= class < 3", { classes = 3, kind = "table", table = { 0, 4, 2 } })
    fails("label 3 of item 600, expected 0 <= label < 3 (classes)", { classes = 3 })
    assert.has_error(function()
      return as.dataset { "label_noise" }.train
    end)
  end)
end)
