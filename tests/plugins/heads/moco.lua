local as = require "assay"

-- Two items whose query is (1,0) and whose key has cosine .8 with it, against a queue of cosines .3, .6, -.2.
local function bare(options)
  local o = { "moco", in_dim = 2, hidden = 0, size = 3, tau = 0.5 }
  for k, v in pairs(options or {}) do
    o[k] = v
  end
  local head = as.head(o)
  local state = head:state()
  local rows = {}
  for i, s in ipairs { 0.3, 0.6, -0.2 } do
    rows[i] = { s, math.sqrt(1 - s * s) }
  end
  state.queue:copy_(as.tensor(rows))
  return head:load(state)
end

local query <const>, key <const> = as.tensor { { 1, 0 }, { 2, 0 } }, as.tensor { { 0.8, 0.6 }, { 1.6, 1.2 } }

describe("heads/moco", function()
  it("known answer: s+ = .8, negatives .3, .6, -.2 at temperature .5 give 0.77635477", function()
    assert.near(0.77635477, bare()(query, query, nil, key, key):item(), 1e-6)
  end)

  it("has the gradient of the queries, none of the keys", function()
    local q, k = query:clone():requires_grad_(), key:clone():requires_grad_()
    bare()(q, q, nil, k, k):backward()
    -- across q: (sum_j p_j k_j - k+) / tau, half of it to either item, by 1/|q|
    local odds, sum = {}, 0
    for i, s in ipairs { 0.8, 0.3, 0.6, -0.2 } do
      odds[i] = math.exp(s / 0.5)
      sum = sum + odds[i]
    end
    local slope = -0.6
    for i, s in ipairs { 0.8, 0.3, 0.6, -0.2 } do
      slope = slope + odds[i] / sum * math.sqrt(1 - s * s)
    end
    assert.near(0, q.grad:tolist()[1][1], 1e-6)
    assert.near(slope / 0.5 / 2, q.grad:tolist()[1][2], 1e-6)
    assert.near(slope / 0.5 / 4, q.grad:tolist()[2][2], 1e-6)
    assert.is_true(k.grad == nil or k.grad:abs():max():item() == 0)
  end)

  it("uses the queue before the batch's keys, which then stand over the oldest, bit for bit", function()
    local head = as.head { "moco", in_dim = 2, hidden = 0, size = 5 }
    local before = head:state().queue:tolist()
    local a, b = as.tensor { { 1, 0 }, { 0, 1 } }, as.tensor { { -1, 0 }, { 0, -1 } }
    head:eval()
    head(a, b)
    assert.same(before, head:state().queue:tolist())
    head:train()
    head(a, b)
    assert.same({ { 1, 0 }, { 0, 1 }, { -1, 0 }, { 0, -1 }, before[5] }, head:state().queue:tolist())
    head(a, b)
    assert.same({ { 0, 1 }, { -1, 0 }, { 0, -1 }, { 0, -1 }, { 1, 0 } }, head:state().queue:tolist())
    assert.equal(3, head:state().at:item())
    local small = as.head { "moco", in_dim = 2, hidden = 0, size = 1 } -- the last key stays
    small(a, b)
    assert.same({ { 0, -1 } }, small:state().queue:tolist())
    assert.equal(0, small:state().at:item())
  end)

  it("moves the keys' projection, and saves and loads it with the queue", function()
    local o = { "moco", in_dim = 3, hidden = 4, out_dim = 2, size = 4, momentum = 0.75 }
    local head, other = as.head(o), as.head(o)
    local x, y = as.randn { 2, 3 }, as.randn { 2, 3 }
    local key_bias = head:state()["key.out.bias"]:clone()
    head:parameters()[4]:copy_(key_bias + 4)
    head(x, y)
    assert.near(1, (head:state()["key.out.bias"] - key_bias):mean():item(), 1e-5)
    other:load(head:state())
    assert.equal(head(x, y):item(), other(x, y):item())
  end)

  it("refuses an empty queue, one item, an embedding without direction", function()
    local function fails(text, options, a)
      assert.error_matches(function()
        bare(options)(a or query, query)
      end, text, 1, true)
    end
    assert.error_matches(function() as.head { "moco", size = 0 } end, "size = 0 is outside", 1, true)
    fails("norm 0", {}, as.zeros(2, 2))
    assert.error_matches(function() bare()(as.ones(1, 2), as.ones(1, 2)) end, "a batch of 1", 1, true)
    assert.error_matches(function() bare { tau = 0 } end, "tau = 0 is outside", 1, true)
  end)
end)
