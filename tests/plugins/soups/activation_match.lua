local as = require "assay"
local nn = require "assay.nn"

local function net()
  return nn.seq { nn.linear { 6, 12 }, nn.relu {}, nn.linear { 12, 9 }, nn.relu {}, nn.linear { 9, 3 } }
end

local function said(f, x)
  local _, z = f:call { x, read = { "2", "4" } }
  return { "2", "4", ["2"] = z["2"], ["4"] = z["4"] }
end

describe("soups/activation_match", function()
  it("takes the assignment of largest sum of Z_a Z_b^T", function()
    local a = nn.seq { nn.linear { 2, 3 }, nn.relu {}, nn.linear { 3, 1 } }
    local b = a:clone()
    -- rows of A = Z_a Z_b^T: (0 4 1) (3 0 0) (0 1 2) over three inputs, Z_a = I
    local first = { "2", ["2"] = as.tensor { { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 } } }
    local second = { "2", ["2"] = as.tensor { { 0, 4, 1 }, { 3, 0, 0 }, { 0, 1, 2 } } }
    local _, perm = as.soup { "activation_match" }({ a, b }, { first, second })
    assert.same({ { 0, 1, 2 }, { 1, 0, 2 } }, perm:tolist())
  end)

  it("finds the permutation of a network", function()
    local f, g, x = net(), net(), as.randn(64, 6)
    local order = { as.permutation(12), as.permutation(9) }
    local theta = f:state()
    g:load { "1.weight", "1.bias", "3.weight", "3.bias", "5.weight", "5.bias",
      ["1.weight"] = theta["1.weight"]:index_select(order[1], 1),
      ["1.bias"] = theta["1.bias"]:index_select(order[1], 1),
      ["3.weight"] = theta["3.weight"]:index_select(order[1], 2):index_select(order[2], 1),
      ["3.bias"] = theta["3.bias"]:index_select(order[2], 1),
      ["5.weight"] = theta["5.weight"]:index_select(order[2], 2), ["5.bias"] = theta["5.bias"] }
    local soup = as.soup { "activation_match", give = "matched" }
    local back = soup { states = { f, g }, activations = { said(f, x), said(g, x) }, model = f, x = x }
    assert.near(0, soup.reports.distance2, 1e-12)
    assert.is_true(back["3.weight"]:equal(theta["3.weight"]))
  end)

  it("refuses bad input", function()
    local f, g, x = net(), net(), as.randn(8, 6)
    local function fails(text, activations)
      local function merge() as.soup { "activation_match" }({ f, g }, activations) end
      assert.error_matches(merge, text, 1, true)
    end
    local one, two = said(f, x), said(g, x)
    fails("activations of 1 models for 2 states", { one })
    fails("activations of 1 layers for 2 permutations",
      { { "2", ["2"] = one["2"] }, { "2", ["2"] = two["2"] } })
    fails("have not the 12 units of permutation", { { "4", "2", ["4"] = one["4"], ["2"] = one["2"] },
      { "4", "2", ["4"] = two["4"], ["2"] = two["2"] } })
    two["2"] = two["2"] * (0 / 0)
    fails('activations "2" of state 2 hold NaN or infinity', { one, two })
  end)
end)
