local as = require "assay"

-- As in barlow.lua: views whose columns, standardised over the batch, have the cross-correlation
-- X = [[.9,.2],[.1,.7]].
local function views()
  local a, b = {}, {}
  local u, v = { 1, -1, 0, 0, 0, 0 }, { 0, 0, 1, -1, 0, 0 }
  local w, x = { 0, 0, 0, 0, 1, -1 }, { 1, 1, -1, -1, 0, 0 }
  for i = 1, 6 do
    a[i] = { u[i], v[i] }
    b[i] = {
      (0.9 * u[i] + 0.1 * v[i] + math.sqrt(1 - 0.82) * w[i]) / math.sqrt(2),
      (0.2 * u[i] + 0.7 * v[i]) / math.sqrt(2) + math.sqrt(1 - 0.53) * x[i] / 2,
    }
  end
  return as.tensor(a), as.tensor(b)
end

-- A head that sees the features as they are, t of the wanted temperatures in its table.
local function bare(tau, options)
  local o = { "amcl_barlow", in_dim = 2, hidden = 0, heads = 1, batch = 6, phi = "table", omega_dim = 4,
    tau_min = 0.05, tau_max = 2.5 }
  for k, v in pairs(options or {}) do
    o[k] = v
  end
  local head, rows = as.head(o), {}
  for l, row in ipairs(tau) do
    rows[l] = {}
    for m, value in ipairs(row) do
      local share = (value - 0.05) / (2.5 - 0.05)
      rows[l][m] = math.log(share / (1 - share))
    end
  end
  local state = head:state()
  state.table:copy_(as.tensor(rows):unsqueeze(1):expand(o.heads, 2, 2))
  return head:load(state)
end

local tau <const> = { { 0.8, 0.5 }, { 2, 1.2 } }

describe("heads/amcl_barlow", function()
  it("known answers of (2.3)", function()
    local a, b = views()
    assert.near(0.13983005, bare(tau)(a, b):item(), 1e-6)
    assert.near(0.18966111, bare(tau, { beta = 0 })(a, b):item(), 1e-6)
    assert.near(0.18923611, bare(tau, { beta = 0, lam_bt = 0 })(a, b):item(), 1e-6) -- on the diagonal
    assert.near(0.18923611 + 0.085, bare(tau, { beta = 0, lam_bt = 1 })(a, b):item(), 1e-6)
    assert.near(-0.04983107, bare(tau)(a, b):item() - bare(tau, { beta = 0 })(a, b):item(), 1e-6)
    assert.near(3 * 0.13983005, bare(tau, { heads = 3 })(a, b):item(), 3e-6)
  end)

  it("every temperature 1 and beta 0: heads/barlow", function()
    local a, b = views()
    assert.near(0.10025, bare({ { 1, 1 }, { 1, 1 } }, { beta = 0 })(a, b):item(), 1e-6)
  end)

  it("Omega, by two dimensions of one temperature less two of another", function()
    -- beta (2 Omega(tau+) - 2 Omega(tau-)) is what beta = 1 adds to beta = 0
    local a, b = views()
    local function omega_less_that_of_1(t, d)
      local rows = { { t, 1 }, { 1, t } }
      local with = bare(rows, { beta = 1, omega_dim = d })(a, b):item()
      return (with - bare(rows, { beta = 0, omega_dim = d })(a, b):item()) / 2
    end
    assert.near(0.61370564 - 1, omega_less_that_of_1(0.5, 4), 1e-5)
    assert.near(5.39482981 - 1, omega_less_that_of_1(0.1, 4), 1e-4)
    assert.near(-28.36141956 - 1, omega_less_that_of_1(0.0625, 32), 5e-4)
  end)

  it("phi reads the columns: a gradient reaches it, every head, and the features", function()
    local a, b = as.randn { 8, 5 }, as.randn { 8, 5 }
    for _, phi in ipairs { "columns", "table" } do
      local head = as.head { "amcl_barlow", in_dim = 5, out_dim = 3, heads = 2, batch = 8, phi = phi,
        share_phi = false, tau_min = 0.1 }
      local x = a:clone():requires_grad_()
      head(x, b):backward()
      assert.is_true(x.grad:abs():max():item() > 0)
      assert.equal(phi == "columns" and 9 or 5, #head:parameters())
      for k, parameter in ipairs(head:parameters()) do
        for c = 1, k == 4 and 0 or 2 do -- a shift of a column is taken off again: out.bias has no gradient
          assert.is_true(parameter.grad[c]:abs():max():item() > 0)
        end
      end
    end
  end)

  it("refuses what the page lists", function()
    local function fails(text, options, a)
      local o = { "amcl_barlow", in_dim = 2, hidden = 0, batch = 4 }
      for k, v in pairs(options) do
        o[k] = v
      end
      local given = a or as.randn { 4, 2 }
      assert.error_matches(function() as.head(o)(given, as.randn { 4, 2 }) end, text, 1, true)
    end
    fails("heads = 0 is outside", { heads = 0 })
    fails("batch = 1 is outside", { batch = 1 })
    fails("beta = -1 is outside", { beta = -1 })
    fails("tau_min = 3 is not below tau_max = 2", { tau_min = 3 })
    fails("view_a f32[3,2]", {}, as.randn { 3, 2 }) -- phi reads columns of four numbers
    fails("a column of the embeddings is constant", {}, as.ones(4, 2))
  end)
end)
