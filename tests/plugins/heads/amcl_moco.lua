local as = require "assay"

-- A head whose C = #list heads see vectors of `wide` numbers as they are (4 is added before relu and taken
-- off after it), and whose shared phi gives wanted temperatures: phi is linear in the second of the pair, so
-- that its weights solve one equation a pair.
--   list  for each head s+, tau+, and the negatives' s and tau: { 0.8, 0.5, { 0.3, 1 }, ... }
local range <const> = { tau_min = 0.02, tau_max = 4 }

local function identity(n)
  return as.arange(n):one_hot(n):float()
end

-- Unit vectors whose first number is s and whose rest stands on an axis of its own.
local function vector(s, axis, wide)
  local x = {}
  for d = 1, wide do
    x[d] = d == 1 and s or d == axis and math.sqrt(1 - s * s) or 0
  end
  return x
end

local function logit(tau)
  local share = (tau - range.tau_min) / (range.tau_max - range.tau_min)
  return math.log(share / (1 - share))
end

local function built(list, options)
  local C, n, axis = #list, #list[1] - 2, 1
  local wide = 2 + C * (n + 1)
  local queue, keys, solve, wanted = {}, {}, {}, {}
  for c, row in ipairs(list) do
    queue[c] = {}
    for j = 2, #row do
      axis = axis + 1
      local s, tau = j == 2 and row[1] or row[j][1], j == 2 and row[2] or row[j][2]
      local x = vector(s, axis, wide)
      if j == 2 then keys[c] = x else queue[c][j - 2] = x end
      solve[#solve + 1], wanted[#wanted + 1] = x, { logit(tau) }
    end
  end
  -- the rows' least norm solution: u = S^T (S S^T)^-1 t
  local S = as.tensor(solve):double()
  local u = S:transpose():matmul((S:matmul(S:transpose())):solve(as.tensor(wanted):double())):float()
  local o = { "amcl_moco", in_dim = C * wide, hidden = C * wide, out_dim = wide, heads = C, size = n,
    phi_hidden = 2, omega_dim = 4, tau_min = range.tau_min, tau_max = range.tau_max }
  for k, v in pairs(options or {}) do o[k] = v end
  local head = as.head(o)
  local state = head:state()
  local eye = identity(C * wide)
  for _, prefix in ipairs { "", "key." } do
    local w1, w2 = {}, {}
    for c = 1, C do
      local mine = eye:slice(1, (c - 1) * wide + 1, c * wide)
      w1[c], w2[c] = eye, mine
    end
    state[prefix .. "hidden.weight"]:copy_(as.stack(w1))
    state[prefix .. "out.weight"]:copy_(as.stack(w2))
    state[prefix .. "hidden.bias"]:fill_(4)
    state[prefix .. "out.bias"]:fill_(-4)
  end
  if o.adaptive ~= false then
    local row = u:transpose()
    state["phi.left"]:fill_(0)
    state["phi.right"]:copy_(as.concat({ row, -row }, 1):unsqueeze(1))
    state["phi.hidden_bias"]:fill_(0)
    state["phi.out"]:copy_(as.tensor { { { 1 }, { -1 } } })
    state["phi.bias"]:fill_(0)
  end
  state.queue:copy_(as.tensor(queue))
  head:load(state)
  local query, key = {}, {}
  for c = 1, C do
    query[c], key[c] = as.tensor { vector(1, 0, wide) }, as.tensor { keys[c] }
  end
  query, key = as.concat(query, 2), as.concat(key, 2)
  -- two equal items, and both views ask the same: the loss is that of one anchor
  query, key = as.concat({ query, query }, 1), as.concat({ key, key }, 1)
  return head, query, key
end

local function value(list, options)
  local head, query, key = built(list, options)
  return head(query, query, nil, key, key):item()
end

local first <const> = { 0.8, 0.5, { 0.3, 1 }, { 0.6, 0.4 }, { -0.2, 0.7 } }
local second <const> = { 0.5, 0.9, { 0.7, 0.6 }, { 0.1, 0.5 }, { 0.2, 0.5 } }

describe("heads/amcl_moco", function()
  it("known answers of (2.1): each head's own, their sum, in either order", function()
    assert.near(-0.10537129, value { first }, 1e-5)
    assert.near(0.63664858, value { second }, 1e-5)
    assert.near(0.53127729, value { first, second }, 1e-5)
    assert.near(0.53127729, value { second, first }, 1e-5)
  end)

  it("known answers of the log-sum-exp over all negatives", function()
    assert.near(0.28449439, value({ first }, { neg = "lse", beta = 0 }), 1e-5)
    assert.near(1.22354040, value({ second }, { neg = "lse", beta = 0 }), 1e-5)
  end)

  -- One negative, s = 0 and tau = 1, whose Omega of 1 is taken off: what remains is the positive's.
  it("saturation: for s+ above beta the positive's part rises with tau, its least at tau_min", function()
    local before = -math.huge
    for _, known in ipairs {
      { 0.05, -14.59914645 }, { 0.1, -7.46051702 }, { 0.5, -1.53862944 }, { 1, -0.7 }, { 2, -0.21137056 },
    } do
      local part = value { { 0.8, known[1], { 0, 1 } } } + 0.1
      assert.near(known[2], part, 1e-4)
      assert.is_true(part > before)
      before = part
    end
  end)

  it("for s+ = 0.5 below beta = 1 the positive's temperature is stationary at 0.25", function()
    local function slope(tau) -- along phi's weight of the axis that only the key has
      local head, query, key = built({ { 0.5, tau, { 0, 1 } } }, { beta = 1 })
      head(query, query, nil, key, key):backward()
      local right = head:parameters()[6].grad[1]
      return (right[1][2] - right[2][2]):item()
    end
    assert.near(0, slope(0.25), 1e-4)
    assert.is_true(slope(0.2) < -0.01 and slope(0.3) > 0.01)
  end)

  it("limits: one temperature of 0.5", function()
    local function fixed(options)
      options.adaptive, options.tau = false, 0.5
      return value({ first }, options)
    end
    assert.near(-0.4, fixed { neg = "max" }, 1e-5)
    assert.near(0.16002037, fixed { neg = "lse" }, 1e-5)                 -- (1.1)
    assert.near(0.77635477, fixed { neg = "lse", infonce = true }, 1e-5) -- (1.4)
    assert.near(0, fixed { neg = "max", infonce = true }, 1e-6)          -- the positive is the largest
  end)

  it("with the positive among the candidates: only a harder negative counts", function()
    assert.near(0, value({ first }, { infonce = true }), 1e-5)
    assert.near(0.63664858, value({ second }, { infonce = true }), 1e-5)
  end)

  it("a gradient reaches the query, every head, phi, and of the negatives only the hardest", function()
    local head, query, key = built({ first, second })
    query, key = query:clone():requires_grad_(), key:clone():requires_grad_()
    head(query, query, nil, key, key):backward()
    assert.is_true(query.grad:abs():max():item() > 0)
    assert.is_true(key.grad == nil or key.grad:abs():max():item() == 0)
    -- weights and biases of the projections by head, then those of phi
    for k, parameter in ipairs(head:parameters()) do
      for c = 1, k <= 4 and 2 or 1 do
        assert.is_true(parameter.grad[c]:abs():max():item() > 0)
      end
    end
    -- fixed temperatures: d/dq = sum over tangent parts of (n* - k+) / tau, of one head
    local o = { adaptive = false, tau = 0.5 }
    local one, q, k = built({ first }, o)
    q = q:clone():requires_grad_()
    one(q, q, nil, k, k):backward()
    local got = q.grad:sum(1):tolist() -- two equal items, two views: their mean
    local wanted = { 0, -math.sqrt(1 - 0.8 ^ 2) / 0.5, 0, math.sqrt(1 - 0.6 ^ 2) / 0.5, 0, 0 }
    for d, v in ipairs(wanted) do
      assert.near(v, got[d], 1e-5)
    end
  end)

  it("takes new keys over the oldest, of the views where no keys are given; not in evaluation", function()
    local head = as.head { "amcl_moco", in_dim = 2, hidden = 0, heads = 2, size = 5, phi_hidden = 3 }
    local before = head:state().queue:clone()
    local a, b = as.tensor { { 2, 0 }, { 0, 3 } }, as.tensor { { -1, 0 }, { 0, -4 } }
    head:eval()
    head(a, b)
    assert.same(before:tolist(), head:state().queue:tolist())
    assert.equal(0, head:state().at:item())
    head:train()
    head(a, b)
    local queue = head:state().queue:tolist()
    for c = 1, 2 do
      assert.same({ { -1, 0 }, { 0, -1 }, { 1, 0 }, { 0, 1 } }, table.move(queue[c], 1, 4, 1, {}))
      assert.same(before:tolist()[c][5], queue[c][5])
    end
    head(a, b)
    assert.equal(3, head:state().at:item())
    queue = head:state().queue:tolist()
    assert.same({ { 0, -1 }, { 1, 0 }, { 0, 1 }, { 0, 1 }, { -1, 0 } }, queue[2]) -- from 4 on, around
  end)

  it("moves the keys' projections", function()
    local head = as.head { "amcl_moco", in_dim = 3, hidden = 4, heads = 2, size = 4, momentum = 0.75 }
    local key = head:state()["key.out.bias"]:clone()
    head:parameters()[4]:copy_(key + 4)
    head(as.randn { 2, 3 }, as.randn { 2, 3 })
    assert.near(1, (head:state()["key.out.bias"] - key):mean():item(), 1e-5)
  end)

  it("refuses what the page lists", function()
    local function fails(text, options, a)
      local o = { "amcl_moco", in_dim = 2, hidden = 0, size = 4 }
      for k, v in pairs(options) do o[k] = v end
      assert.error_matches(function() as.head(o)(a or as.ones(2, 2), as.ones(2, 2)) end, text, 1, true)
    end
    fails("heads = 0 is outside", { heads = 0 })
    fails("size = 0 is outside", { size = 0 })
    fails("beta = -1 is outside", { beta = -1 })
    fails("tau_min = 2 is not below tau_max = 2", { tau_min = 2 })
    fails("norm 0", {}, as.zeros(2, 2))
    assert.error_matches(function()
      as.head { "amcl_moco", in_dim = 2, hidden = 0 }(as.ones(1, 2), as.ones(1, 2))
    end, "a batch of 1", 1, true)
  end)
end)
