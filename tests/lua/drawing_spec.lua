-- Random tensors of all kinds: their laws roughly (tests/unit checks them closely), streams that go on from
-- where they were, items with streams of their own, and what is refused.
local as = require "assay"
local core = require "assay.core"

describe("draws", function()
  it("gamma, beta and categories", function()
    local g = as.gamma(3, { 20000, dtype = "f64", stream = "law" })
    assert.near(3, g:mean():item(), 0.05) -- standard error 0.012
    assert.near(3, g:var():item(), 0.2)
    local b = as.beta(2, 6, 20000)
    assert.near(0.25, b:mean():item(), 0.005) -- standard error 0.001
    assert.is_true(b:min():item() >= 0 and b:max():item() <= 1)
    local odds = as.tensor { { 1, 3, 0 }, { 0, 0, 5 } }
    assert.same({ 2 }, as.categorical(odds):shape())
    local many = as.categorical(odds, { n = 10000 })
    assert.same({ 2, 10000 }, many:shape())
    assert.near(0.75, many[1]:float():mean():item(), 0.02) -- standard error 0.004
    assert.equal(2, many[2]:float():min():item() | 0)
    assert.same({}, as.categorical(as.ones(3)):shape())
  end)
  it("goes on from a saved stream with the same bits", function()
    local function draws()
      local o = { 40, stream = "kept" }
      return {
        as.gamma(0.5, o), as.beta(2, 2, o), as.rand(o),
        as.categorical(as.ones(5), { n = 40, stream = "kept" }),
      }
    end
    draws()
    local key, counter = table.unpack(core.streams().kept)
    local first = draws()
    core.set_stream("kept", key, counter)
    for i, x in ipairs(draws()) do
      assert.is_true(x:equal(first[i]))
    end
  end)
  it("splits by item: what an item gets depends on neither the batch nor its place in it", function()
    local kinds = {
      function(o) return as.randn { #o.items, 3, stream = "x", items = o.items } end,
      function(o) return as.rand { #o.items, 3, stream = "x", items = o.items } end,
      function(o) return as.rademacher { #o.items, 70, stream = "x", items = o.items } end,
      function(o) return as.gamma(0.5, { #o.items, 3, stream = "x", items = o.items }) end,
      function(o) return as.beta(2, 1, { #o.items, 3, stream = "x", items = o.items }) end,
      function(o) return as.randint(1000, { #o.items, 3, stream = "x", items = o.items }) end,
      function(o) return as.permutation(9, { stream = "x", items = o.items }) end,
      function(o)
        return as.categorical(as.ones(#o.items, 50), { n = 3, stream = "x", items = o.items })
      end,
    }
    for _, draw in ipairs(kinds) do
      core.set_stream("x", 1, 32)
      local many = draw { items = as.i64 { 7, 0, 3, 12 } }
      assert.same({ 1, 48 }, core.streams().x)
      core.set_stream("x", 1, 32)
      local few = draw { items = as.i64 { 3, 7 } }
      assert.is_true(few[1]:equal(many[3]) and few[2]:equal(many[1]))
      assert.is_false(few[1]:equal(few[2]))
      assert.is_false(draw({ items = as.i64 { 3, 7 } })[1]:equal(few[1]))
    end
  end)
  it("refuses what no distribution has", function()
    local refused = {
      ["gamma: shape is %-1, expected a finite number above 0"] = function() as.gamma(-1, 3) end,
      ["beta: b is 0, expected a finite number above 0"] = function() as.beta(1, 0, 3) end,
      ["beta: dtype i64, expected f32 or f64"] = function() as.beta(1, 1, { 3, dtype = "i64" }) end,
      ["categorical: weight %-1 of class 1 in row 0"] = function() as.categorical(as.tensor { 2, -1 }) end,
      ["categorical: the weights of row 1 add up to 0"] = function()
        as.categorical(as.tensor { { 1 }, { 0 } })
      end,
      ["categorical: weights i64%[2%], expected a float"] = function() as.categorical(as.i64 { 1, 2 }) end,
      ["categorical: weights f32%[2,0%]: there is no class"] = function() as.categorical(as.zeros(2, 0)) end,
      ["categorical: n is 0, expected at least 1"] = function() as.categorical(as.ones(2), { n = 0 }) end,
      ["categorical: items need weights %[B, ..., classes%], not f32%[2%]"] = function()
        as.categorical(as.ones(2), { n = 2, items = as.arange(2) })
      end,
      ["randn: items i64%[3%], expected i64%[2%], one for each place"] = function()
        as.randn { 2, 5, items = as.arange(3) }
      end,
      ["rand: items need a first axis, the result is a scalar"] = function()
        as.rand { items = as.arange(1) }
      end,
      ['gamma: no option "seed"'] = function() as.gamma(1, { 2, seed = 3 }) end,
    }
    for text, f in pairs(refused) do
      assert.error_matches(f, "drawing_spec.lua:%d+: " .. text)
    end
    assert.same({ 0, 3 }, as.randn({ 0, 3, items = as.arange(0) }):shape())
    assert.same({ 0 }, as.categorical(as.zeros(0, 4)):shape())
  end)
end)

describe("a plugin's draws", function()
  it("come from streams of the instance, saved with its state", function()
    local odds = as.tensor { { 0, 1, 0 }, { 1, 0, 0 } }
    local a = as.loss { "draws", reduction = "none" }
    local first = a(odds)
    assert.same({ 2, 3 }, first:shape())
    assert.same({ 1, 0 }, first:transpose()[1]:tolist()) -- the classes
    local state = a:state()
    local second = a(odds)
    assert.is_false(second:equal(first))
    local b = as.loss { "draws", reduction = "none" }
    b:load(state)
    assert.is_true(b(odds):equal(second))
  end)
end)
