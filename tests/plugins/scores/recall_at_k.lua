local as = require "assay"

local function recall(emb, labels, k)
  return as.score { "recall_at_k", k = k } (as.tensor(emb), as.i64(labels)):tolist()
end

describe("scores/recall_at_k", function()
  it("looks at the nearest others by cosine", function()
    local emb = { { 1, 0 }, { 5, 0.5 }, { 0, 1 }, { 0.1, 9 }, { 1, 1.2 } }
    assert.same({ 1, 1, 1, 1, 0 }, recall(emb, { 0, 0, 1, 1, 2 }, 1))
    assert.same({ 0, 0, 0, 0, 1 }, recall(emb, { 0, 1, 2, 3, 3 }, 1), "the fifth's nearest is the fourth")
    assert.same({ 0, 0, 0, 1, 1 }, recall(emb, { 0, 1, 2, 3, 3 }, 2))
  end)

  it("gives the same beyond one batch", function()
    local x, y = as.randn(1100, 8), {}
    for i = 1, 1100 do y[i] = (i - 1) // 2 end
    local s = x / x:square():sum(2):sqrt():reshape(-1, 1)
    s = s:matmul(s:transpose())
    local hit = as.score { "recall_at_k" } (x, as.i64(y)):tolist()
    for _, i in ipairs { 1, 500, 501, 1100 } do
      local row = s:slice(1, i, i):reshape(-1):tolist()
      row[i] = -2
      local best = 1
      for j, v in ipairs(row) do best = v > row[best] and j or best end
      assert.equal((best - 1) // 2 == (i - 1) // 2 and 1 or 0, hit[i])
    end
  end)

  it("refuses more neighbours than there are and embeddings without a direction", function()
    assert.error_matches(function() recall({ { 1, 0 }, { 0, 1 } }, { 0, 0 }, 2) end, "each has 1 others")
    assert.error_matches(function() recall({ { 1, 0 }, { 0, 0 } }, { 0, 0 }, 1) end, "no direction")
  end)
end)
