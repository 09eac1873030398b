local as = require "assay"

-- Unit vectors at these angles in degrees.
local function at(angles)
  local rows = {}
  for i, degrees in ipairs(angles) do
    rows[i] = { math.cos(math.rad(degrees)), math.sin(math.rad(degrees)) }
  end
  return rows
end

local first <const>, second <const> = at { 0, 90, 200 }, at { 20, 120, 210 }

-- NT-Xent of lists of embeddings, by its definition.
local function reference(a, b, tau)
  local z, n = {}, #a
  for i, row in ipairs(a) do
    z[i], z[n + i] = row, b[i]
  end
  local unit = {}
  for i, row in ipairs(z) do
    local norm = 0
    for _, v in ipairs(row) do
      norm = norm + v * v
    end
    unit[i] = {}
    for d, v in ipairs(row) do
      unit[i][d] = v / math.sqrt(norm)
    end
  end
  local function similar(i, j)
    local s = 0
    for d = 1, #unit[i] do
      s = s + unit[i][d] * unit[j][d]
    end
    return s / tau
  end
  local loss = 0
  for i = 1, 2 * n do
    local sum = 0
    for j = 1, 2 * n do
      sum = sum + (j == i and 0 or math.exp(similar(i, j)))
    end
    loss = loss + math.log(sum) - similar(i, i <= n and i + n or i - n)
  end
  return loss / (2 * n)
end

local function bare(tau)
  return as.head { "simclr", in_dim = 2, hidden = 0, tau = tau }
end

describe("heads/simclr", function()
  it("known answers: angles 0 90 200 against 20 120 210", function()
    local a, b = as.tensor(first), as.tensor(second)
    assert.near(0.3473382750, bare(0.5)(a, b):item(), 1e-6)
    assert.near(0.0016067725, bare(0.1)(a, b):item(), 1e-6)
  end)

  it("two items at right angles, both views alike: log(e^(1/tau) + 2) - 1/tau", function()
    local x = as.tensor { { 3, 0 }, { 0, 0.5 } } -- lengths do not matter
    for _, tau in ipairs { 0.1, 0.5, 2 } do
      assert.near(math.log(math.exp(1 / tau) + 2) - 1 / tau, bare(tau)(x, x):item(), 2e-6)
    end
  end)

  it("agrees with the definition, and the views may change places", function()
    local a, b = as.randn { 7, 5, stream = "a" }, as.randn { 7, 5, stream = "b" }
    local head = as.head { "simclr", in_dim = 5, hidden = 0, tau = 0.2 }
    assert.near(reference(a:tolist(), b:tolist(), 0.2), head(a, b):item(), 2e-5)
    assert.near(head(a, b):item(), head(b, a):item(), 1e-6)
  end)

  it("does not overflow at a small temperature", function()
    local x = as.tensor { { 1, 0 }, { 0, 1 } }
    assert.near(0, bare(1e-3)(x, x):item(), 1e-3)
  end)

  it("has the definition's gradient", function()
    local x, b = as.tensor(first):requires_grad_(), as.tensor(second)
    bare(0.5)(x, b):backward()
    local got, h = x.grad:tolist(), 1e-5
    for i = 1, 3 do
      for d = 1, 2 do
        local rows, sides = at { 0, 90, 200 }, {}
        for _, sign in ipairs { 1, -1 } do
          rows[i][d] = first[i][d] + sign * h
          sides[#sides + 1] = reference(rows, second, 0.5)
        end
        assert.near((sides[1] - sides[2]) / (2 * h), got[i][d], 1e-5)
      end
    end
  end)

  it("owns its projection", function()
    local head = as.head { "simclr", in_dim = 6, hidden = 5, out_dim = 4 }
    local shapes, names = { { 5, 6 }, { 5 }, { 4, 5 }, { 4 } }, {}
    for i, parameter in ipairs(head:parameters()) do
      assert.same(shapes[i], parameter:shape())
      assert.is_true(parameter:abs():max():item() <= (i < 3 and 6 ^ -0.5 or 5 ^ -0.5))
      names[i] = true
    end
    assert.equal(4, #names)
    assert.equal(0, #bare(0.5):parameters())
    local a, b = as.randn { 8, 6 }, as.randn { 8, 6 }
    local opt, before = as.optim.adam { head, lr = 1e-2 }, head(a, b):item()
    for _ = 1, 30 do
      head(a, b):backward()
      opt:step()
    end
    assert.is_true(head(a, b):item() < before - 0.1)
  end)

  it("projects: linear, relu, linear", function()
    -- a feature x becomes (relu(x), relu(-x)): 2 and -3 are at right angles, without relu they were opposite
    local head = as.head { "simclr", in_dim = 1, hidden = 2, out_dim = 2, tau = 0.5 }
    local parameters = head:parameters()
    for i, values in ipairs { { { 1 }, { -1 } }, { 0, 0 }, { { 1, 0 }, { 0, 1 } }, { 0, 0 } } do
      parameters[i]:copy_(as.tensor(values))
    end
    local x = as.tensor { { 2 }, { -3 } }
    assert.near(math.log(math.exp(2) + 2) - 2, head(x, x):item(), 1e-6)
    parameters[2]:copy_(as.tensor { 3, 0 }) -- (5, 0) and (0, 3): still so
    assert.near(math.log(math.exp(2) + 2) - 2, head(x, x):item(), 1e-6)
    parameters[4]:copy_(as.tensor { 0, -3 }) -- (5, -3) and (0, 0)
    assert.error_matches(function() head(x, x) end, "an embedding has norm 0", 1, true)
  end)

  it("takes the items' places and leaves them alone", function()
    local a, b = as.tensor(first), as.tensor(second)
    assert.equal(bare(0.5)(a, b):item(), bare(0.5)(a, b, as.i64 { 9, 4, 7 }):item())
  end)

  it("refuses one item, an embedding without direction, other widths", function()
    local function call(a, b)
      return function() bare(0.5)(as.tensor(a), as.tensor(b)) end
    end
    assert.error_matches(call({ { 1, 0 } }, { { 1, 0 } }), "a batch of 1, expected 2 items or more", 1, true)
    assert.error_matches(call({ { 1, 0 }, { 0, 0 } }, { { 1, 0 }, { 1, 1 } }), "an embedding has norm 0", 1,
      true)
    assert.error_matches(call({ { 1, 0 } }, { { 1, 0 }, { 1, 1 } }), "view_b f32[2,2]", 1, true)
    assert.error_matches(call({ { 1, 0, 0 } }, { { 1, 0, 0 } }), "view_a f32[1,3]", 1, true)
    assert.error_matches(function() bare(0) end, "tau = 0 is outside", 1, true)
  end)
end)
