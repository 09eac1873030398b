-- Data sets in memory and their batches.
local as = require "assay"

local function numbers(n)
  return as.data { x = as.arange(n):float():reshape(n, 1), y = as.arange(n) }
end

local function all(d, o)
  local steps, index = {}, {}
  for step, batch in d:batches(o) do
    steps[#steps + 1] = step
    index[#index + 1] = batch.index:tolist()
    assert.is_true(batch.y:equal(batch.index)) -- rows stay together
    assert.is_true(batch.x:reshape(-1):long():equal(batch.index))
  end
  return steps, index
end

describe("batches", function()
  it("go through the data in order, the last one shorter", function()
    local steps, index = all(numbers(5), { 2 })
    assert.same({ 1, 2, 3 }, steps)
    assert.same({ { 0, 1 }, { 2, 3 }, { 4 } }, index)
  end)
  it("may drop the last, repeat, or count steps", function()
    assert.same({ { 0, 1 }, { 2, 3 } }, select(2, all(numbers(5), { 2, drop_last = true })))
    assert.equal(6, #all(numbers(5), { 2, epochs = 2 }))
    assert.same({ { 0, 1, 2 }, { 0, 1, 2 } }, select(2, all(numbers(3), { 3, steps = 2 })))
    assert.equal(0, #all(numbers(3), { 3, steps = 0 }))
  end)
  it("shuffled hold each item once a pass, in another order each", function()
    local _, index = all(numbers(100), { 100, shuffle = true, epochs = 2 })
    assert.is_false(table.concat(index[1], " ") == table.concat(index[2], " "))
    for _, pass in ipairs(index) do
      table.sort(pass)
      for i = 1, 100 do
        assert.equal(i - 1, pass[i])
      end
    end
  end)
  it("come from a stream of their own", function()
    local d = numbers(50)
    local _, a = all(d, { 50, shuffle = true, stream = "order a" })
    as.randn(7)
    local _, b = all(d, { 50, shuffle = true, stream = "order b" })
    assert.is_false(table.concat(a[1], " ") == table.concat(b[1], " "))
  end)
  it("refuse what they cannot do", function()
    assert.error_matches(function() numbers(5):batches { 2, shufle = true } end,
      'data_spec.lua:%d+: data:batches: no option "shufle"; did you mean "shuffle"%?')
    assert.error_matches(function() numbers(5):batches {} end, "items a batch%) is nil")
    assert.error_matches(function() numbers(5):batches { 8, drop_last = true } end,
      "5 items make no batch of 8")
    assert.error_matches(function() numbers(5):batches { 1, epochs = 1, steps = 1 } end,
      "epochs or steps, not both")
  end)
end)

describe("data:balanced", function()
  local function uneven() -- 2, 5 and 3 items of three classes
    return as.data { y = as.i64 { 1, 0, 1, 2, 1, 2, 1, 0, 2, 1 }, place = as.arange(10) }
  end
  it("takes so many items of each class, and says where the others are, both in the data's order", function()
    local some, others = uneven():balanced(2)
    local rest = uneven():subset(others)
    assert.same({ 2, 2, 2 }, some.y:one_hot(3):sum(1):tolist())
    assert.same({ 0, 3, 1 }, rest.y:one_hot(3):sum(1):tolist())
    local seen, last = {}, -1
    for _, place in ipairs(some.place:tolist()) do
      assert.is_true(place > last)
      seen[place], last = true, place
    end
    for _, place in ipairs(rest.place:tolist()) do
      assert.is_nil(seen[place])
    end
    assert.is_nil(select(2, as.data { y = as.i64 { 1, 0 } }:balanced(1)))
  end)
  it("draws which, every item as likely", function()
    local often = as.zeros(10)
    for _ = 1, 400 do
      often:add_(as.ones(3):index_add(uneven():balanced(1).place, 1, 10))
    end
    for k, count in ipairs(often:tolist()) do -- five standard errors
      local share = 1 / ({ [0] = 2, 5, 3 })[uneven().y:tolist()[k]]
      assert.near(400 * share, count, 5 * math.sqrt(400 * share * (1 - share)))
    end
  end)
  it("takes the classes of another field, and refuses what has too few", function()
    local d = as.data { y = as.i64 { 0, 0, 0, 0 }, clean = as.i64 { 0, 1, 1, 0 } }
    assert.same({ 2, 2 }, d:balanced(2, { by = "clean" }).clean:one_hot(2):sum(1):tolist())
    assert.error_matches(function() uneven():balanced(3) end,
      "data_spec.lua:%d+: data:balanced: 2 items of class 0, expected 3 at least")
    assert.error_matches(function() d:balanced(1, { by = "klass" }) end,
      'no classes i64%[N%] in the field "klass": data of 4 items')
  end)
end)

describe("data", function()
  it("is checked", function()
    assert.error_matches(function() as.data { x = as.zeros(3), y = as.zeros(4) } end,
      "data: y has 4 items, x has 3")
    assert.error_matches(function() as.data { x = 3 } end, "x is a number, expected a tensor")
    assert.error_matches(function() as.data {} end, "there are no tensors")
  end)
  it("has parts", function()
    local d = numbers(10)
    assert.equal(10, #d)
    assert.equal(10, d.n)
    assert.same({ 0, 1, 2 }, d:subset(3).y:tolist())
    assert.same({ 9, 4 }, d:subset(as.i64 { 9, 4 }).y:tolist())
    local a, b = d:split(0.7)
    assert.same({ 0, 1, 2, 3, 4, 5, 6 }, a.y:tolist())
    assert.same({ 7, 8, 9 }, b.y:tolist())
    a, b = d:split(4, { shuffle = true })
    local both = a.y:tolist()
    table.move(b.y:tolist(), 1, 6, 5, both)
    table.sort(both)
    assert.same({ 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }, both)
    assert.equal("data of 3 items: x f32[3,1], y i64[3]", tostring(d:subset(3)))
  end)
end)
