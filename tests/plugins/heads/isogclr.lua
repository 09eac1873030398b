local as = require "assay"

-- Page 41: three items, two views, unit vectors at these angles in degrees; f32 within 2e-5.
local function at(angles)
  local rows = {}
  for i, degrees in ipairs(angles) do
    rows[i] = { math.cos(math.rad(degrees)), math.sin(math.rad(degrees)) }
  end
  return as.tensor(rows)
end

local first <const>, second <const> = at { 0, 90, 200 }, at { 20, 120, 210 }
local items <const>, near <const> = as.i64 { 0, 1, 2 }, 2e-5

local function new(options)
  local all = { "isogclr", in_dim = 2, hidden = 0, n_samples = 3, tau_init = 0.5 }
  for k, v in pairs(options or {}) do
    all[k] = v
  end
  return as.head(all)
end

local function epoch(n)
  return as.i64 { n }:reshape {}
end

local function all_near(wanted, found)
  assert.equal(#wanted, #found)
  for i, v in ipairs(wanted) do
    assert.near(v, found[i], near)
  end
end

-- Steps 1 to 7 in doubles, of rows a and b: per-sample losses, KL(p_a, U) of the six views, G before it is
-- clipped, the gradient by each row of a across it; moves state = { gbar =, u =, tau = }.
local function reference(state, fresh)
  local a, b = first:double():tolist(), second:double():tolist()
  local z, ghat, W, out = {}, {}, {}, { loss = { 0, 0, 0 }, kl = {}, G = { 0, 0, 0 }, slope = {} }
  for i = 1, 3 do
    z[i], z[3 + i] = a[i], b[i]
  end
  local function sim(i, j) return z[i][1] * z[j][1] + z[i][2] * z[j][2] end
  for i = 1, 6 do
    local k = (i - 1) % 3 + 1
    local tau, g, pull = state.tau[k], 0, 0
    W[i], out.kl[i] = {}, 0
    for j = 1, 6 do
      W[i][j] = (i - j) % 3 == 0 and 0 or math.exp(sim(i, j) / tau)
      g = g + W[i][j] / 4
    end
    ghat[i] = fresh and g or 0.2 * state.gbar[k] + 0.8 * g
    for j = 1, 6 do
      local share = W[i][j] / (4 * g)
      out.kl[i] = out.kl[i] + (share > 0 and share * math.log(4 * share) or 0)
      W[i][j] = W[i][j] / ghat[i]
      pull = pull + W[i][j] * sim(i, j) / 4
    end
    out.loss[k] = out.loss[k] + pull - sim(i, (i + 2) % 6 + 1)
    out.G[k] = out.G[k] + (math.log(ghat[i]) + 0.4 - pull / tau) / 2
  end
  for k = 1, 3 do
    state.gbar[k] = (ghat[k] + ghat[3 + k]) / 2
    state.u[k] = 0.5 * state.u[k] + 0.5 * out.G[k]
    state.tau[k] = state.tau[k] - 0.03 * state.u[k]
    local d = {}
    for axis = 1, 2 do -- W[a][b] / (n_neg B) by sim[a][b], -1 / B by each of both positives
      d[axis] = -2 / 3 * z[3 + k][axis]
      for j = 1, 6 do
        d[axis] = d[axis] + (W[k][j] + W[j][k]) / 12 * z[j][axis]
      end
    end
    local along = d[1] * z[k][1] + d[2] * z[k][2]
    out.slope[k] = { d[1] - along * z[k][1], d[2] - along * z[k][2] }
  end
  return out
end

describe("heads/isogclr", function()
  it("known answers of each sample: losses, divergences and slopes of two calls", function()
    local head, state = new(), { gbar = { 0, 0, 0 }, u = { 0, 0, 0 }, tau = { 0.5, 0.5, 0.5 } }
    local wanted = {
      { loss = { -2.06722661, -1.66613061, -2.34450005 }, G = { 0.00927429, 0.24729259, 0.04527348 } },
      { loss = { -2.04314773, -1.66308519, -2.33741866 }, G = { -0.00066278, 0.24458247, 0.04159729 } },
    }
    for call = 1, 2 do
      local u = head:state().u:tolist()
      local r = reference(state, call == 1)
      all_near(wanted[call].loss, r.loss)
      all_near(wanted[call].G, r.G)
      if call == 1 then
        all_near({ 0.29085724, 0.20383387, 0.40800860, 0.49059417, 0.10158095, 0.30144444 }, r.kl)
        for k = 1, 3 do
          assert.near(0.4 - (r.kl[k] + r.kl[3 + k]) / 2, r.G[k], 1e-12)
        end
      end
      local x = first:clone():requires_grad_()
      local loss = head(x, second, items, epoch(call - 1))
      loss:backward()
      assert.near((r.loss[1] + r.loss[2] + r.loss[3]) / 3, loss:item(), near)
      for name, values in pairs(state) do
        all_near(values, head:state()[name]:tolist())
      end
      for k, moved in ipairs(head:state().u:tolist()) do
        assert.near(wanted[call].G[k], (moved - 0.5 * u[k]) / 0.5, 2 * near)
        all_near(r.slope[k], x.grad:tolist()[k])
      end
    end
  end)

  it("known answers of two calls", function()
    local head = new()
    assert.near(-2.02595242, head(first, second, items, epoch(0)):item(), near)
    local state = head:state()
    all_near({ 0.58259939, 0.91800425, 0.48651758 }, state.gbar:tolist())
    all_near({ 0.00463715, 0.12364630, 0.02263674 }, state.u:tolist())
    all_near({ 0.49986089, 0.49629061, 0.49932090 }, state.tau:tolist())
    assert.near(-2.01455053, head(first, second, items, epoch(1)):item(), near)
    state = head:state()
    all_near({ 0.58258837, 0.91839958, 0.48633284 }, state.gbar:tolist())
    all_near({ 0.49980127, 0.49076718, 0.49835739 }, state.tau:tolist())
  end)

  it("a sample seen for the first time in a later epoch starts from its own g", function()
    assert.near(-2.02595242, new()(first, second, items, epoch(3)):item(), near)
  end)

  it("equal negatives give G = rho, so tau falls by eta rho / 2", function()
    -- three items of which each view pair is alike: all negatives are at the same similarity
    local x = at { 0, 120, 240 }
    local head = new()
    head(x, x, items, epoch(0))
    for _, tau in ipairs(head:state().tau:tolist()) do
      assert.near(0.5 - 0.03 * 0.5 * 0.4, tau, 1e-6)
    end
    for _ = 1, 60 do
      head(x, x, items, epoch(0))
    end
    all_near({ 0.05, 0.05, 0.05 }, head:state().tau:tolist()) -- tau_min
  end)

  it("says when rho is too large: log 4 with four negatives", function()
    local head = new { rho = 1.39 } -- log 4 = 1.386: KL stays below, so every tau falls
    head(first, second, items, epoch(0))
    assert.equal(1, head.reports["rho too large"])
    for _, tau in ipairs(head:state().tau:tolist()) do
      assert.is_true(tau < 0.5)
    end
    head = new { rho = 1.38 }
    head(first, second, items, epoch(0))
    assert.equal(0, head.reports["rho too large"])
  end)

  it("eta 0, gamma 1: the gradient of mean_i sum_views (tau log mean_b exp(sim / tau) - pos)", function()
    local a = at { 0, 90, 200 }:requires_grad_()
    new { eta = 0, gamma = 1 }(a, second, items, epoch(1)):backward()
    local function value(rows)
      local z, sum = {}, 0
      for i, row in ipairs(rows) do
        local n = math.sqrt(row[1] ^ 2 + row[2] ^ 2)
        z[i] = { row[1] / n, row[2] / n }
      end
      for i, row in ipairs(second:tolist()) do
        z[3 + i] = row
      end
      local function sim(i, j)
        return z[i][1] * z[j][1] + z[i][2] * z[j][2]
      end
      for i = 1, 6 do
        local e = 0
        for j = 1, 6 do
          e = e + ((i - j) % 3 == 0 and 0 or math.exp(sim(i, j) / 0.5))
        end
        sum = sum + 0.5 * math.log(e / 4) - sim(i, (i + 2) % 6 + 1)
      end
      return sum / 3
    end
    local h = 1e-5
    for i = 1, 3 do
      for d = 1, 2 do
        local sides = {}
        for _, sign in ipairs { 1, -1 } do
          local rows = first:tolist()
          rows[i][d] = rows[i][d] + sign * h
          sides[#sides + 1] = value(rows)
        end
        assert.near((sides[1] - sides[2]) / (2 * h), a.grad:tolist()[i][d], near)
      end
    end
  end)

  it("keeps its state in evaluation, and saves and loads it", function()
    local head = new()
    head(first, second, items, epoch(0))
    local other = new()
    other:load(head:state())
    assert.equal(head(first, second, items, epoch(1)):item(), other(first, second, items, epoch(1)):item())
    head:eval()
    local before = head:state().tau:tolist()
    head(first, second, items, epoch(2))
    assert.same(before, head:state().tau:tolist())
  end)

  it("refuses what the page lists", function()
    local function fails(text, options, ...)
      local given = { ... }
      assert.error_matches(function() new(options)(table.unpack(given)) end, text, 1, true)
    end
    fails("index: value 3", nil, first, second, as.i64 { 0, 1, 3 })
    fails("index holds a sample twice", nil, first, second, as.i64 { 0, 1, 1 })
    fails("view_b", nil, first, at { 0, 90 }, items)
    fails("a batch of 1", nil, at { 0 }, at { 20 }, as.i64 { 0 })
    fails("tau_init = 0.5 is outside tau_min = 0.6", { tau_min = 0.6 }, first, second, items)
    fails("tau_min = 0.01 is outside", { tau_min = 0.01 }, first, second, items)
    fails("norm 0", nil, as.zeros(3, 2), second, items)
    fails("rho = -1 is outside", { rho = -1 }, first, second, items)
  end)
end)
