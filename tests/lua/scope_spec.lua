-- Scopes, the collector, sorted pairs, seeded math.random.
local as = require "assay"

describe("scope", function()
  it("drops what was made in it and says where when it is used", function()
    local escaped
    as.scope(function()
      escaped = as.ones(2)
    end)
    assert.error_matches(function() return escaped + 1 end, "scope_spec.lua:%d+: tensor was dropped when the "
      .. "scope at .*scope_spec.lua:7 ended; return it or :keep%(%) it")
    assert.equal("tensor (dropped)", tostring(escaped))
  end)
  it("keeps what is returned, also in tables", function()
    local a, t, n = as.scope(function()
      local x = as.ones(2)
      return x * 2, { y = x * 3, deep = { x * 4 } }, 7
    end)
    assert.equal(4.0, a:sum():item())
    assert.equal(6.0, t.y:sum():item())
    assert.equal(8.0, t.deep[1]:sum():item())
    assert.equal(7, n)
  end)
  it("keeps what was kept, and tensors from outside", function()
    local outside, kept = as.ones(1), nil
    as.scope(function()
      kept = (outside * 2):keep()
      return outside
    end)
    assert.equal(2.0, kept:item())
    assert.equal(1.0, outside:item())
  end)
  it("hands what an inner one returns to the outer one", function()
    local inner
    local y = as.scope(function()
      inner = as.scope(function()
        return as.ones(1)
      end)
      return inner + 1
    end)
    assert.equal(2.0, y:item())
    assert.error_matches(function() return inner + 1 end, "tensor was dropped when the scope at")
  end)
  it("closes on an error and hands it on unchanged", function()
    local escaped
    local reason = { "why" }
    local ok, found = pcall(as.scope, function()
      escaped = as.ones(1)
      error(reason)
    end)
    assert.is_false(ok)
    assert.is_true(found == reason)
    assert.error_matches(function() return escaped + 1 end, "was dropped")
    assert.equal(1.0, as.ones(1):item())
  end)
  it("cannot be yielded across", function()
    local thread = coroutine.create(function()
      as.scope(function()
        coroutine.yield()
      end)
    end)
    local ok, text = coroutine.resume(thread)
    assert.is_false(ok)
    assert.matches("yield", text)
  end)
  it("leaves what a gradient needs", function()
    local x = as.tensor({ 3 }):requires_grad_()
    local y = as.scope(function()
      return (x * x):sum()
    end)
    y:backward()
    assert.equal(6.0, x.grad:item())
  end)
end)

describe("memory", function()
  it("stays bounded without scopes", function()
    local x = as.ones(1000000) -- 4 MB
    local _, before = as.memory()
    for _ = 1, 300 do
      x = x * 1
    end
    local _, after = as.memory()
    assert.is_true(after - before < 100e6)
  end)
  it("is given back by to-be-closed variables", function()
    collectgarbage()
    local before = as.memory()
    do
      local x <close> = as.ones(1000000)
      assert.is_true(as.memory() - before >= 4e6)
      assert.equal(1000000, #x)
    end
    assert.is_true(as.memory() - before < 4e6)
  end)
end)

describe("pairs", function()
  local function keys(t)
    local list = {}
    for k in pairs(t) do
      list[#list + 1] = k
    end
    return list
  end
  it("visits numbers, then strings, sorted", function()
    local t = { b = 1, a = 2, ab = 3, [10] = 4, [2] = 5, [-1] = 6, [2.5] = 7 }
    assert.same({ -1, 2, 2.5, 10, "a", "ab", "b" }, keys(t))
    assert.same({ 1, 2, 3, "x" }, keys { "p", "q", "r", x = 1 })
    assert.same({}, keys {})
    assert.same({ "s", false, true }, keys { [true] = 1, [false] = 2, s = 3 })
  end)
  it("passes over entries removed meanwhile", function()
    local t, seen = { a = 1, b = 2, c = 3 }, {}
    for k in pairs(t) do
      seen[#seen + 1] = k
      t.b = nil
      t[k] = nil
    end
    assert.same({ "a", "c" }, seen)
  end)
  it("asks __pairs first", function()
    local function one(_, k)
      return not k and 1 or nil
    end
    local t = setmetatable({}, { __pairs = function() return one, nil, nil end })
    assert.same({ 1 }, keys(t))
  end)
end)

describe("math.random", function()
  it("follows the seed: the same numbers in every process", function()
    local command = ("%s script %%s"):format(arg[-2])
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write "print(math.random(1 << 60), math.random())"
    file:close()
    local function run()
      local pipe = assert(io.popen(command:format(path)))
      local text = pipe:read "a"
      pipe:close()
      return text
    end
    local first = run()
    assert.matches("%d+%s", first)
    assert.equal(first, run())
    os.remove(path)
  end)
end)

describe("C modules of others", function()
  it("load", function()
    assert.equal(3, require("lpeg").match(require("lpeg").P "ab", "abc"))
    assert.equal("[1]", require("cjson").encode { 1 })
  end)
end)
