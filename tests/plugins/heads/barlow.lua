local as = require "assay"

-- Views [B,2] whose columns, standardised over the batch, have the cross-correlation X. u, v, w, x are
-- orthonormal and add up to 0: b's column m is X_1m u + X_2m v + the rest of its length along w or x.
local function views(X)
  local u, v = { 1, -1, 0, 0, 0, 0 }, { 0, 0, 1, -1, 0, 0 }
  local w, x = { 0, 0, 0, 0, 1, -1 }, { 1, 1, -1, -1, 0, 0 }
  local a, b = {}, {}
  for i = 1, 6 do
    local rest = {}
    for m = 1, 2 do
      rest[m] = math.sqrt(1 - X[1][m] ^ 2 - X[2][m] ^ 2)
    end
    a[i] = { 3 * u[i] + 5, v[i] }
    b[i] = {
      (X[1][1] * u[i] + X[2][1] * v[i] + rest[1] * w[i]) / math.sqrt(2),
      (X[1][2] * u[i] + X[2][2] * v[i]) / math.sqrt(2) + rest[2] * x[i] / 2 - 1,
    }
  end
  return as.tensor(a), as.tensor(b)
end

local X <const> = { { 0.9, 0.2 }, { 0.1, 0.7 } }

local function bare(options)
  local o = { "barlow", in_dim = 2, hidden = 0 }
  for k, v in pairs(options or {}) do
    o[k] = v
  end
  return as.head(o)
end

describe("heads/barlow", function()
  it("known answers: X = [[.9,.2],[.1,.7]] gives 0.10025", function()
    assert.near(0.10025, bare()(views(X)):item(), 1e-6)
    assert.near(0.1, bare { lam_bt = 0 }(views(X)):item(), 1e-6)
    assert.near(0.15, bare { lam_bt = 1 }(views(X)):item(), 1e-6)
  end)

  it("is least, lam_bt times what the columns share, where both views are alike", function()
    local a = views { { 1, 0 }, { 0, 1 } }
    assert.near(0, bare()(a, a * 3 + 1):item(), 1e-6)
    assert.near(4 + 4, bare { lam_bt = 5 }(a, -a):item(), 1e-5)
  end)

  it("takes the items in any order, and learns", function()
    local a, b = as.randn { 9, 6 }, as.randn { 9, 6 }
    local head, turned = as.head { "barlow", in_dim = 6, out_dim = 4 }, as.permutation(9)
    local before = head(a, b):item()
    assert.near(before, head(a:index_select(turned, 1), b:index_select(turned, 1)):item(), 1e-5)
    local opt = as.optim.adam { head, lr = 1e-2 }
    for _ = 1, 30 do
      opt:update(head(a, b))
    end
    assert.is_true(head(a, b):item() < before - 0.5)
  end)

  it("refuses one item and a column that is constant", function()
    local function fails(text, a, b)
      assert.error_matches(function() bare()(a, b) end, text, 1, true)
    end
    fails("a batch of 1", as.ones(1, 2), as.ones(1, 2))
    fails("a column of the embeddings is constant", as.tensor { { 1, 2 }, { 1, 3 } }, as.randn { 2, 2 })
    assert.error_matches(function() bare { lam_bt = -1 } end, "lam_bt = -1 is outside", 1, true)
  end)
end)
