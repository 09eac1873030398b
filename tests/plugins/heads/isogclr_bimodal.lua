local as = require "assay"

-- Three pairs of unit vectors at these angles in degrees; f32 within 2e-5 of sums in doubles.
local function at(angles)
  local rows = {}
  for i, degrees in ipairs(angles) do
    rows[i] = { math.cos(math.rad(degrees)), math.sin(math.rad(degrees)) }
  end
  return rows
end

local images <const>, texts <const> = at { 0, 90, 200 }, at { 20, 120, 210 }
local x <const>, t <const> = as.tensor(images), as.tensor(texts)
local items <const>, near <const> = as.i64 { 0, 1, 2 }, 2e-5

local function new(options)
  local all = { "isogclr_bimodal", image_dim = 2, text_dim = 2, out_dim = 0, n_samples = 3, tau_init = 0.5 }
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

-- One side's call in doubles: own and other rows of z, state { gbar =, b =, u =, tau = }, which it moves;
-- the side's loss, W, and KL(p, U) of each anchor over B - 1 as the authors count it (log of sum / (B - 1)).
local function reference(own, other, state, fresh)
  local function sim(i, j) return own[i][1] * other[j][1] + own[i][2] * other[j][2] end
  local loss, W, kl = 0, {}, {}
  for i = 1, 3 do
    local tau, old = state.tau[i], state.b[i]
    local b, g, pull, direct = old, 0, 0, 0
    W[i] = {}
    for j = 1, 3 do
      b = math.max(b, (sim(i, j) - sim(i, i)) / tau)
    end
    for j = 1, 3 do
      W[i][j] = math.exp((sim(i, j) - sim(i, i)) / tau - b)
      g = g + W[i][j] / 2
      direct = direct + math.exp((sim(i, j) - sim(i, i)) / tau)
    end
    local ghat = fresh and g or 0.2 * state.gbar[i] * math.exp(old - b) + 0.8 * g
    kl[i] = -math.log(direct / 2)
    for j = 1, 3 do
      local diff = sim(i, j) - sim(i, i)
      W[i][j] = W[i][j] / (ghat + 1e-10)
      loss = loss + W[i][j] * diff / 6
      pull = pull + W[i][j] * diff / tau / 2
      kl[i] = kl[i] + math.exp(diff / tau) / direct * diff / tau
    end
    local G = math.max(-5, math.min(5, math.log(ghat) + b + 0.1 - pull))
    state.gbar[i], state.b[i] = ghat, b
    state.u[i] = 0.5 * state.u[i] + 0.5 * G
    state.tau[i] = math.max(0.005, math.min(1, tau - 0.01 * state.u[i]))
  end
  return loss, W, kl
end

local function fresh(tau)
  return { gbar = { 0, 0, 0 }, b = { 0, 0, 0 }, u = { 0, 0, 0 }, tau = { tau, tau, tau } }
end

local function same_state(wanted, head, side)
  for name, values in pairs(wanted) do
    all_near(values, head:state()[side .. "." .. name]:tolist())
  end
end

describe("heads/isogclr_bimodal", function()
  it("has the loss and both sides' state over four calls, at temperatures of both ends", function()
    for _, tau in ipairs { 0.5, 0.02 } do
      local head, I, T = new { tau_init = tau }, fresh(tau), fresh(tau)
      for n = 0, 3 do
        local loss = reference(images, texts, I, n == 0) + reference(texts, images, T, n == 0)
        assert.near(loss, head(x, t, items, nil, epoch(n)):item(), near)
        same_state(I, head, "image")
        same_state(T, head, "text")
      end
    end
  end)

  it("the slope of a first call is rho less the divergence from uniform", function()
    local head, I = new { beta_u = 1 }, fresh(0.5)
    local _, _, kl = reference(images, texts, I, true)
    head(x, t, items, nil, epoch(0))
    for i, u in ipairs(head:state()["image.u"]:tolist()) do
      assert.near(0.1 - kl[i], u, near)
    end
  end)

  it("the running maximum only shifts: what moves is what it would be without", function()
    local head, shifted = new(), new()
    head(x, t, items, nil, epoch(0))
    local state = head:state()
    local moved = head:state()
    moved["image.b"] = state["image.b"] + 3
    moved["image.gbar"] = state["image.gbar"] * math.exp(-3)
    shifted:load(moved)
    assert.near(head(x, t, items, nil, epoch(1)):item(), shifted(x, t, items, nil, epoch(1)):item(), near)
    all_near(head:state()["image.tau"]:tolist(), shifted:state()["image.tau"]:tolist())
  end)

  it("has the gradient of W diff with W held", function()
    local head = new()
    head(x, t, items, nil, epoch(0))
    local I, T = fresh(0.5), fresh(0.5)
    for n = 0, 1 do
      local _, A = reference(images, texts, I, n == 0)
      local _, B = reference(texts, images, T, n == 0)
      if n == 1 then
        local leaf = x:clone():requires_grad_()
        head(leaf, t, items, nil, epoch(1)):backward()
        for i = 1, 3 do
          local d = { 0, 0 }
          for axis = 1, 2 do
            for j = 1, 3 do -- sim_ij in diff_I of i and in diff_T of j; the diagonal in all of both
              d[axis] = d[axis] + (A[i][j] + B[j][i]) / 6 * texts[j][axis]
              d[axis] = d[axis] - (A[i][j] + B[i][j]) / 6 * texts[i][axis]
            end
          end
          local along = d[1] * images[i][1] + d[2] * images[i][2]
          all_near({ d[1] - along * images[i][1], d[2] - along * images[i][2] }, leaf.grad:tolist()[i])
        end
      end
    end
  end)

  it("keeps images and texts apart by their indices", function()
    local head = new { n_samples = 5 }
    head(x, t, as.i64 { 4, 0, 2 }, as.i64 { 1, 2, 3 })
    local I, T = fresh(0.5), fresh(0.5)
    reference(images, texts, I, true)
    reference(texts, images, T, true)
    all_near({ I.gbar[2], 0, I.gbar[3], 0, I.gbar[1] }, head:state()["image.gbar"]:tolist())
    all_near({ 0, T.gbar[1], T.gbar[2], T.gbar[3], 0 }, head:state()["text.gbar"]:tolist())
  end)

  it("projects features of two widths; keeps its state in evaluation", function()
    local head = as.head { "isogclr_bimodal", image_dim = 4, text_dim = 3, out_dim = 2, n_samples = 8 }
    assert.same({ { 2, 4 }, { 2, 3 } }, { head:parameters()[1]:shape(), head:parameters()[2]:shape() })
    local a, b, all = as.randn(8, 4), as.randn(8, 3), as.arange(8)
    local opt, before = as.optim.adam { head, lr = 1e-2 }, nil
    for _ = 1, 40 do
      local loss = head(a, b, all)
      before = before or loss:item()
      opt:update(loss)
    end
    head:eval()
    local tau = head:state()["image.tau"]:tolist()
    assert.is_true(head(a, b, all):item() < before)
    assert.same(tau, head:state()["image.tau"]:tolist())
  end)

  it("refuses what the page lists", function()
    local function fails(text, options, ...)
      local given = { ... }
      assert.error_matches(function() new(options)(table.unpack(given)) end, text, 1, true)
    end
    fails("index: value 3", nil, x, t, as.i64 { 0, 1, 3 })
    fails("index holds a sample twice", nil, x, t, as.i64 { 0, 1, 1 })
    fails("text_index holds a sample twice", nil, x, t, items, as.i64 { 0, 1, 1 })
    fails("text", nil, x, as.ones(2, 2), items)
    fails("a batch of 1", nil, as.ones(1, 2), as.ones(1, 2), as.i64 { 0 })
    fails("tau_init = 0.5 is outside tau_min = 0.6", { tau_min = 0.6 }, x, t, items)
    fails("image_dim = 3 and text_dim = 2 differ", { image_dim = 3 }, x, t, items)
    fails("norm 0", nil, as.zeros(3, 2), t, items)
    fails("rho = -1 is outside", { rho = -1 }, x, t, items)
  end)
end)
