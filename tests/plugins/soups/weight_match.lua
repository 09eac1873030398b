local as = require "assay"
local nn = require "assay.nn"

-- The page's case: a network of 2, 3 and 1 units
local function fixed()
  local function state(W1, b1, W2)
    return { "1.weight", "1.bias", "3.weight", ["1.weight"] = as.tensor(W1), ["1.bias"] = as.tensor(b1),
      ["3.weight"] = as.tensor(W2) }
  end
  return state({ { 1, 0 }, { 0, 2 }, { 1, 1 } }, { .1, .2, .3 }, { { 1, -1, .5 } }),
    state({ { 1.1, 1 }, { 1, -.1 }, { .1, 2.1 } }, { .3, .1, .2 }, { { .55, 1.05, -.95 } })
end

local function perceptron(...)
  local sizes, layers = { ... }, {}
  for l = 1, #sizes - 1 do
    layers[#layers + 1] = nn.linear { sizes[l], sizes[l + 1] }
    if l < #sizes - 1 then layers[#layers + 1] = nn.relu {} end
  end
  return nn.seq(layers)
end

-- theta under permutations `perm` (i64, one a hidden layer) of a perceptron's units
local function moved(theta, perm)
  local out, l = {}, 0
  for i, name in ipairs(theta) do
    out[i] = name
    local x = theta[name]
    if #x:shape() == 2 then
      if perm[l] then x = x:index_select(perm[l], 2) end
      l = l + 1
    end
    out[name] = perm[l] and x:index_select(perm[l], 1) or x
  end
  return out
end

local function largest(a, b)
  return (a - b):abs():max():item()
end

describe("soups/weight_match", function()
  it("has the page's numbers", function()
    local a, b = fixed()
    local soup = as.soup { "weight_match", give = "matched" }
    local theta, perm = soup { a, b }
    assert.same({ { 0, 1, 2 }, { 1, 2, 0 } }, perm:tolist())
    local r = soup.reports
    assert.near(9.715, r.objective, 1e-6)
    assert.near(2.235, r.objective_before, 1e-6)
    assert.near(15.0075, r.distance2_before, 1e-5)
    assert.near(0.0475, r.distance2, 1e-6)
    assert.near(94.374092, r.reduction, 1e-4)
    assert.is_true(largest(theta["1.weight"], as.tensor { { 1, -.1 }, { .1, 2.1 }, { 1.1, 1 } }) == 0)
    local mean = as.soup { "weight_match" } { a, b }
    assert.is_true(largest(mean["3.weight"], as.tensor { { 1.025, -.975, .525 } }) < 1e-6)
    assert.is_true(largest(mean["1.bias"], as.tensor { .1, .2, .3 }) < 1e-6)
  end)

  it("chooses the assignment of A, which the assignment's operation solves exactly", function()
    local A = as.tensor { { 1.68, 2.06, -.83 }, { 1.51, -1.23, 5.19 }, { 2.465, 1.455, 1.785 } }
    assert.same({ 1, 2, 0 }, A:assignment("max"):tolist())
  end)

  it("takes a spec in words, and says what is wrong with one", function()
    local a, b = fixed()
    local words = "1.weight h -, 1.bias h,\n 3.weight - h"
    local _, perm = as.soup { "weight_match", spec = words } { a, b }
    assert.same({ 1, 2, 0 }, perm:tolist()[2])
    local function fails(spec, text)
      assert.error_matches(function() as.soup { "weight_match", spec = spec } { a, b } end, text, 1, true)
    end
    fails("1.weight h h", 'permutation h is tied to axes 1 and 2 of "1.weight"')
    fails("1.weight h -, 3.weight h -", 'permutation h is of 3 items, axis 1 of "3.weight" has 1')
    fails("2.weight h -", 'the states have no "2.weight"')
    fails("1.bias h -", '"1.bias" has 1 axes, "-" is one too many')
    fails("1.weight h*2 -", 'axis 1 of "1.weight" has 3 items, no multiple of 2')
    fails("1.weight h*x -", '"h*x" has no whole number')
  end)

  it("finds the inverse in networks of 20, 16, 16 and 5 units, and of one hidden layer", function()
    for n = 1, 40 do
      for _, sizes in ipairs { { 20, 16, 16, 5 }, { 5, 8, 3 } } do
        local a, perm = perceptron(table.unpack(sizes)):state(), {}
        for l = 1, #sizes - 2 do perm[l] = as.permutation(sizes[l + 1]) end
        local soup = as.soup { "weight_match", give = "matched" }
        local back = soup { a, moved(a, perm) }
        assert.near(0, soup.reports.distance2, 1e-12)
        for _, name in ipairs(a) do assert.is_true(back[name]:equal(a[name]), name .. " of net " .. n) end
      end
    end
  end)

  it("is the best of all 120 permutations of one hidden layer", function()
    local a, b = perceptron(3, 5, 2):state(), perceptron(3, 5, 2):state()
    local soup, best = as.soup { "weight_match" }, -math.huge
    soup { a, b }
    local function try(order, at)
      if at > 5 then
        local theta, sum = moved(b, { as.i64(order) }), 0
        for _, name in ipairs(a) do sum = sum + (a[name] * theta[name]):sum():item() end
        best = math.max(best, sum)
      end
      for k = at, 5 do
        order[at], order[k] = order[k], order[at]
        try(order, at + 1)
        order[at], order[k] = order[k], order[at]
      end
    end
    try({ 0, 1, 2, 3, 4 }, 1)
    assert.near(best, soup.reports.objective, 1e-5)
  end)

  it("leaves the function as it is, also of a convolutional network with a flatten", function()
    local net = nn.seq { nn.conv2d { 1, 6, 3, padding = 1 }, nn.relu {}, nn.max_pool2d { 2 },
      nn.conv2d { 6, 8, 3, padding = 1 }, nn.layer_norm { 8, 4, 4, affine = false }, nn.relu {},
      nn.flatten {}, nn.linear { 128, 10 }, nn.layer_norm { 10 }, nn.relu {}, nn.linear { 10, 3 } }
    local mlp, x = perceptron(6, 9, 7, 4), { as.randn(5, 1, 8, 8), as.randn(5, 6) }
    for k, f in ipairs { net, mlp } do
      local other = f:clone()
      for _, p in ipairs(other:parameters()) do p:copy_(as.randn { table.unpack(p:shape()) }) end
      local before = other(x[k])
      local soup = as.soup { "weight_match", give = "matched" }
      local theta, perm = soup { states = { f, other }, model = f, x = x[k] }
      assert.is_false(perm[1]:equal(perm[2]))
      assert.is_true(largest(f:call_with(theta, x[k]), before) < 1e-5 * (1 + before:abs():max():item()))
    end
  end)

  it("refuses a group norm over several channels that move, and takes one a channel", function()
    local function net(groups)
      return nn.seq { nn.conv2d { 1, 8, 3 }, nn.group_norm { groups, 8 }, nn.relu {}, nn.flatten {},
        nn.linear { 128, 3 } }
    end
    local x = as.randn(4, 1, 6, 6)
    for groups, good in pairs { [8] = true, [2] = false } do
      local f = net(groups)
      local function merge() as.soup { "weight_match" } { states = { f, net(groups) }, model = f, x = x } end
      if good then merge() else assert.error_matches(merge, "it is no symmetry of it", 1, true) end
    end
  end)

  it("brings several together at their mean", function()
    local a, states = perceptron(20, 16, 16, 5):state(), {}
    for k = 1, 4 do
      states[k] = moved(a, { as.permutation(16), as.permutation(16) })
    end
    for _, mode in ipairs { "anchor", "barycentre" } do
      local soup = as.soup { "weight_match", mode = mode }
      local theta, perm = soup(states)
      assert.same({ 4, 32 }, perm:shape())
      if mode == "anchor" then
        assert.near(0, soup.reports.distance2, 1e-12)
        for _, name in ipairs(a) do assert.is_true(largest(theta[name], states[1][name]) < 1e-6) end
      else
        assert.is_true(soup.reports.distance2 < soup.reports.distance2_before)
      end
    end
  end)

  it("refuses bad input", function()
    local a, b = fixed()
    local function fails(text, ...)
      local given = { ... }
      assert.error_matches(function() as.soup { "weight_match" }(table.unpack(given)) end, text, 1, true)
    end
    fails("1 state, expected 2", { a })
    fails('state 2 has no "1.weight"', { a, { "x", x = as.ones(1) } })
    b["1.bias"] = as.tensor { 1, 0 / 0, 2 }
    fails('"1.bias" of state 2 holds NaN or infinity', { a, b })
    b["1.bias"] = as.tensor { 1, 2 }
    fails('"1.bias" of state 2 is f32[2], the first has f32[3]', { a, b })
    local odd = perceptron(3, 4, 2):state()
    odd["3.weight"] = as.ones(2, 7)
    fails('"3.weight" has 7 columns for 4 units before it', { odd, odd })
  end)
end)
