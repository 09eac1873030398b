local as = require "assay"

describe("heads/moco_1_0", function()
  -- weight = key = identity, tau 1, q = (1,0), k = (0,1), queue (1,0), (0,1): logits 0, 1, 0
  local function head(momentum)
    local h = as.head { "moco_1_0", in_dim = 2, out_dim = 2, size = 2, tau = 1, momentum = momentum }
    local state = h:state()
    for _, name in ipairs { "weight", "key", "queue" } do
      state[name]:copy_(as.tensor { { 1, 0 }, { 0, 1 } })
    end
    return h:load(state)
  end
  local a, b = as.tensor { { 2, 0 } }, as.tensor { { 0, 3 } }

  it("has the loss and the gradient with constant keys", function()
    local h = head(0.5)
    local x, y = a:clone():requires_grad_(), b:clone():requires_grad_()
    local loss = h(x, y)
    assert.near(math.log(2 + math.exp(1)), loss:item(), 1e-6)
    loss:backward()
    -- d/dq = sum_j p_j k_j - k+ = (e/Z, 2/Z - 1); through q = x / |x| only its part across x is left, by 1/2
    local Z = 2 + math.exp(1)
    assert.near(0, x.grad:tolist()[1][1], 1e-6)
    assert.near((2 / Z - 1) / 2, x.grad:tolist()[1][2], 1e-6)
    assert.is_true(y.grad == nil or y.grad:abs():max():item() == 0)
  end)

  it("puts the new key over the oldest and lets the keys' projection follow", function()
    local h = head(0.5)
    h:parameters()[1]:copy_(as.tensor { { 3, 0 }, { 0, 1 } })
    h(a, b)
    local state = h:state()
    assert.same(as.tensor({ { 0, 1 }, { 0, 1 } }):tolist(), state.queue:tolist())
    assert.same(as.tensor({ { 2, 0 }, { 0, 1 } }):tolist(), state.key:tolist())
    assert.equal(1, state.head:item())
    h:eval()
    h(a, b)
    assert.equal(1, h:state().head:item())
    assert.error_matches(function()
      h:train()
      h(as.ones(3, 2), as.ones(3, 2))
    end, "size 2 is not a multiple of the batch 3", 1, true)
  end)
end)
