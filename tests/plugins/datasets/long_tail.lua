local as = require "assay"

local function counts(data)
  return data.y:one_hot(10):sum(1):long():tolist()
end

local function sorted(list)
  table.sort(list, function(a, b) return a > b end)
  return list
end

local function cut(o)
  o[1], o.source = "long_tail", o.source or { "sketch_classes" }
  return as.dataset(o)
end

describe("datasets/long_tail", function()
  it("keeps round(n_max r^(-k / 9)) items of the k-th class", function()
    -- page 37's law of 1000 and ratio 50, a tenth of it: sketch_classes has 200 items a class
    local tail = cut({ n_max = 100, ratio = 50, shuffle = false })
    assert.same({ 100, 65, 42, 27, 18, 11, 7, 5, 3, 2 }, counts(tail.train))
    assert.same(counts(as.dataset({ "sketch_classes" }).test), counts(tail.test))
  end)

  it("takes what the smallest class has where nothing is said", function()
    local tail = cut({ ratio = 10, source = cut({ n_max = 100, ratio = 2 }) })
    assert.same({ 50, 39, 30, 23, 18, 14, 11, 8, 6, 5 }, sorted(counts(tail.train)))
  end)

  it("draws the classes' order and the items", function()
    local a, b = cut({ n_max = 100, ratio = 50 }).train, cut({ n_max = 100, ratio = 50 }).train
    assert.same({ 100, 65, 42, 27, 18, 11, 7, 5, 3, 2 }, sorted(counts(a)))
    assert.is_true(not a.y:equal(b.y)) -- each instance draws its own
    local places = cut({ n_max = 150, ratio = 1 }).train
    assert.equal(1500, #places.y)
    assert.same({ 150, 150, 150, 150, 150, 150, 150, 150, 150, 150 }, counts(places))
  end)

  it("keeps labels and items together", function()
    local whole, tail = as.dataset({ "sketch_classes" }).train, cut({ n_max = 50, ratio = 10 }).train
    local label = {}
    local x, y = whole.x:reshape(#whole.y, -1):tolist(), whole.y:tolist()
    for i = 1, #y do label[x[i][1]] = y[i] end
    local tx, ty = tail.x:reshape(#tail.y, -1):tolist(), tail.y:tolist()
    for i = 1, #ty do assert.equal(label[tx[i][1]], ty[i]) end
  end)

  it("refuses classes that are too small, unknown splits and labels", function()
    local function fails(text, o)
      assert.error_matches(function() return cut(o).train end, text, 1, true)
    end
    fails("has 200 items, 201 are wanted: lower n_max = 201", { n_max = 201 })
    fails('split = "dev" is no split of the source', { n_max = 10, split = "dev" })
    fails("expected 0 <= label < 5 (classes)", { n_max = 10, classes = 5 })
  end)
end)
