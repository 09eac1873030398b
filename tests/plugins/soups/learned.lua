local as = require "assay"
local nn = require "assay.nn"

-- three linear classifiers around one that fits: the first nearly right, the third wrong
local function problem()
  local x = as.randn { 300, 4 }
  local w = as.tensor { { 2, -1, 0, 1 }, { -1, 2, 1, 0 }, { 0, -1, 2, -2 } }
  local y = (x:matmul(w:transpose(1, 2)) + as.randn { 300, 3 } * 0.5):argmax(-1)
  local net, states = nn.linear { 4, 3 }, {}
  for k, noise in ipairs { 0.2, 1, 4 } do
    states[k] = { "weight", "bias", weight = w + as.randn { 3, 4 } * noise, bias = as.randn { 3 } * noise }
  end
  return net, states, x, y
end

describe("soups/learned", function()
  it("starts as the uniform soup", function()
    local net, states, x, y = problem()
    local soup = as.soup { "learned", passes = 0 }
    local merged, alpha = soup { states = states, model = net, x = x, labels = y }
    local uniform = as.soup { "uniform" }(states)
    assert.is_true((merged.weight - uniform.weight):abs():max():item() < 1e-6)
    assert.same({ 1, 3 }, alpha:shape())
    assert.near(1 / 3, alpha:min():item(), 1e-6)
    assert.equal(1, soup.reports.beta)
    net:load(uniform)
    assert.near(net(x):cross_entropy(y):mean():item(), soup.reports.uniform_loss, 1e-5)
  end)

  for _, by in ipairs { "model", "tensor" } do
    it("lowers the held-out loss, by " .. by, function()
      local net, states, x, y = problem()
      local soup = as.soup { "learned", by = by, passes = 20, batch = 100 }
      local merged, alpha = soup { states = states, model = net, x = x, labels = y }
      assert.is_true(soup.reports.loss < soup.reports.uniform_loss - 0.05)
      assert.same({ by == "tensor" and 2 or 1, 3 }, alpha:shape())
      assert.near(alpha:shape()[1], alpha:sum():item(), 1e-5)
      assert.is_true(alpha[1][1]:item() > alpha[1][3]:item()) -- the nearly right one has more of the weights
      local mixed = states[1].weight * 0
      for k = 1, 3 do
        mixed = mixed + states[k].weight * alpha[1][k]
      end
      assert.is_true((mixed - merged.weight):abs():max():item() < 1e-5)
      net:load(merged)
      local loss = (net(x) * soup.reports.beta):cross_entropy(y):mean():item()
      assert.near(loss, soup.reports.loss, 1e-5)
    end)
  end

  it("keeps the best pass", function()
    local net, states, x, y = problem()
    local soup = as.soup { "learned", passes = 8, lr = 1e9 } -- throws the shares about
    soup { states = states, model = net, x = x, labels = y }
    assert.is_true(soup.reports.loss <= soup.reports.uniform_loss)
  end)

  it("refuses bad input", function()
    local net, states, x, y = problem()
    local function fails(text, given)
      assert.error_matches(function() as.soup { "learned" }(given) end, text, 1, true)
    end
    fails("x was not given", { states = states, model = net, labels = y })
    fails("model was not given", { states = states, x = x, labels = y })
    fails("the list of states is empty", { states = {}, model = net, x = x, labels = y })
    states[2].bias = as.tensor { 0, 0 / 0, 0 }
    fails('"bias" of state 2 holds NaN or infinity', { states = states, model = net, x = x, labels = y })
  end)
end)
