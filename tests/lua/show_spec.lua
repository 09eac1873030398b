-- Values as the repl prints them, and what its Tab completes.
local as = require "assay"
local complete = require "assay.complete"
local show = require "assay.show"

describe("show", function()
  it("opens tables to depth 2", function()
    assert.equal('{ 1, "a", { true, { ... } }, k = {} }', show { 1, "a", { true, { 1 } }, k = {} })
    assert.equal("{ ... }", show({ 1 }, 0))
  end)

  it("counts what it leaves out", function()
    local long = {}
    for i = 1, 30 do
      long[i], long["key" .. i] = i, i
    end
    assert.matches("19, 20, ... 40 more }$", (show(long):gsub("%s+", " ")))
    assert.equal('"' .. ('x'):rep(400) .. '" ... (1000 bytes)', show(("x"):rep(1000)))
  end)

  it("writes a wide table in lines", function()
    local text = show { first = ("a"):rep(60), second = ("b"):rep(60), ["odd key"] = 1 }
    assert.equal('{\n  first = "' .. ("a"):rep(60) .. '",\n  ["odd key"] = 1,\n  second = "' .. ("b"):rep(60)
      .. '"\n}', text)
  end)

  it("leaves objects their own text", function()
    assert.equal("f32[2] mean 1.5 min 1 max 2", show(as.tensor { 1, 2 }))
    assert.equal("{ f32[2] mean 1.5 min 1 max 2 }", show { as.tensor { 1, 2 } })
    assert.equal("function", show(print))
    assert.matches("^function at .*show_spec.lua:%d+$", show(function() end))
  end)

  it("ends in a table that holds itself", function()
    local t = {}
    t.t = t
    assert.equal("{ t = { t = { ... } } }", show(t))
  end)
end)

describe("complete", function()
  _G.as = as
  _G.some_tensor = as.zeros(3)
  _G.some_data = as.data { x = as.zeros(3, 2) }

  it("adds what is certain and lists what is not", function()
    assert.equal("periment", (complete("return as.ex", 80)))
    local insert, list = complete("as.optim.adam", 80)
    assert.is_nil(insert)
    assert.equal("adam   adamw", list)
  end)

  it("knows methods and properties of objects made in C", function()
    assert.equal("rad_", (complete("some_tensor:requires_g", 80)))
    assert.equal("e", (complete("some_tensor.dtyp", 80)))
    assert.equal("ches", (complete("some_data:bat", 80)))
    assert.is_nil((complete("some_tensor:dtyp", 80))) -- no method
  end)

  it("knows keywords, indents an empty line, and gives up quietly", function()
    assert.equal("tion", (complete("local f = func", 80)))
    assert.equal("  ", (complete("", 80)))
    for _, text in ipairs { "nothing.at.all", "x(1).y", "as.no_such.z", "1.", "some_tensor.x.y" } do
      assert.is_nil((complete(text, 80)))
    end
  end)
end)
