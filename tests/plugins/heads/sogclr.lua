local as = require "assay"

-- Three items, two views, unit vectors at these angles in degrees, as for heads/isogclr; f32 within 2e-5.
local function at(angles)
  local rows = {}
  for i, degrees in ipairs(angles) do
    rows[i] = { math.cos(math.rad(degrees)), math.sin(math.rad(degrees)) }
  end
  return rows
end

local first <const>, second <const> = at { 0, 90, 200 }, at { 20, 120, 210 }
local a <const>, b <const> = as.tensor(first), as.tensor(second)
local items <const>, near <const> = as.i64 { 0, 1, 2 }, 2e-5

local function new(options)
  local all = { "sogclr", in_dim = 2, hidden = 0, n_samples = 3, tau = 0.5 }
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

-- One call in doubles: the loss, its gradient by the first view (unit rows, so across each), the new gbar.
local function reference(gbar, tau, gamma, fresh)
  local z, ghat, W, loss = {}, {}, {}, 0
  for i = 1, 3 do
    z[i], z[3 + i] = first[i], second[i]
  end
  local function sim(i, j) return z[i][1] * z[j][1] + z[i][2] * z[j][2] end
  for i = 1, 6 do
    local g, old = 0, gbar[(i - 1) % 3 + 1]
    W[i] = {}
    for j = 1, 6 do
      W[i][j] = (i - j) % 3 == 0 and 0 or math.exp(sim(i, j) / tau)
      g = g + W[i][j] / 4
    end
    ghat[i] = fresh and g or (1 - gamma) * old + gamma * g
    for j = 1, 6 do
      W[i][j] = W[i][j] / ghat[i]
      loss = loss + W[i][j] * sim(i, j) / 12
    end
    loss = loss - sim(i, (i + 2) % 6 + 1) / 3
  end
  local slope, new_gbar = {}, {}
  for i = 1, 3 do
    local d = { 0, 0 }
    for axis = 1, 2 do
      for j = 1, 6 do
        d[axis] = d[axis] + (W[i][j] + W[j][i]) / 12 * z[j][axis]
      end
      d[axis] = d[axis] - 2 / 3 * z[3 + i][axis]
    end
    local along = d[1] * z[i][1] + d[2] * z[i][2]
    slope[i] = { d[1] - along * z[i][1], d[2] - along * z[i][2] }
    new_gbar[i] = (ghat[i] + ghat[3 + i]) / 2
  end
  return loss, slope, new_gbar
end

describe("heads/sogclr", function()
  it("known answers of a first call: iSogCLR's at equal temperatures", function()
    local head = new()
    assert.near(-2.02595242, head(a, b, items, epoch(0)):item(), near)
    all_near({ 0.58259939, 0.91800425, 0.48651758 }, head:state().gbar:tolist())
  end)

  it("has loss, gradient and average of three calls", function()
    local head, far = new { tau = 0.3, gamma = 0.6 }, new { tau = 0.3, gamma = 0.6 }
    local gbar = { [head] = { 0, 0, 0 }, [far] = { 2, 9, 0.5 } }
    far:load { "gbar", gbar = as.tensor(gbar[far]) }
    for call, one in ipairs { head, far, head } do
      local loss, slope, moved = reference(gbar[one], 0.3, 0.6, call == 1)
      local x = a:clone():requires_grad_()
      local got = one(x, b, items, epoch(call == 1 and 0 or 4))
      got:backward()
      assert.near(loss, got:item(), near)
      for i = 1, 3 do
        all_near(slope[i], x.grad:tolist()[i])
      end
      all_near(moved, one:state().gbar:tolist())
      gbar[one] = moved
    end
  end)

  it("is iSogCLR whose temperatures stay", function()
    local head = new { tau = 0.2 }
    local other = as.head { "isogclr", in_dim = 2, hidden = 0, n_samples = 3, tau_init = 0.2, eta = 0 }
    for n = 0, 4 do
      local turned = n % 2 == 0 and b or -b
      assert.near(other(a, turned, items, epoch(n)):item(), head(a, turned, items, epoch(n)):item(), 1e-6)
      all_near(other:state().gbar:tolist(), head:state().gbar:tolist())
    end
  end)

  it("a sample seen for the first time in a later epoch starts from its own g", function()
    assert.near(-2.02595242, new()(a, b, items, epoch(3)):item(), near)
    assert.near(-2.02595242, new()(a, b, items):item(), near)
  end)

  it("does not overflow at its smallest temperature; keeps its state in evaluation", function()
    local head = new { tau = 0.02 }
    local x = as.tensor { { 1, 0 }, { 1, 0 }, { 0, 1 } }
    -- two alike items: 1 less 1 for each view; the third: 0 less 1
    assert.near(-2 / 3, head(x, x, items):item(), 1e-4)
    local before = head:state().gbar:tolist()
    head:eval()
    head(a, b, items)
    assert.same(before, head:state().gbar:tolist())
  end)

  it("refuses what the page lists", function()
    local function fails(text, options, ...)
      local given = { ... }
      assert.error_matches(function() new(options)(table.unpack(given)) end, text, 1, true)
    end
    fails("index: value 3", nil, a, b, as.i64 { 0, 1, 3 })
    fails("index holds a sample twice", nil, a, b, as.i64 { 0, 1, 1 })
    fails("view_b", nil, a, as.ones(2, 2), items)
    fails("a batch of 1", nil, as.ones(1, 2), as.ones(1, 2), as.i64 { 0 })
    fails("norm 0", nil, as.zeros(3, 2), b, items)
    fails("tau = 0.01 is outside", { tau = 0.01 }, a, b, items)
  end)
end)
