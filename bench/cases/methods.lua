-- What methods do beside training: contrastive losses, gradients a sample, matchings, soups.
local as = require "assay"
local nn = require "assay.nn"

local cases = {}

-- NT-Xent of two views 512 x 128 at temperature 0.5, normalisation included.
function cases.contrastive()
  local a, b = as.randn(512, 128):requires_grad_(), as.randn(512, 128):requires_grad_()
  local leaves = { a, b }
  local itself = as.arange(1024):one_hot(1024)
  local halves = as.arange(1024):reshape(2, 512)
  local target = as.concat({ halves[2], halves[1] }, 1) -- the other view of the same item
  local loss = as.loss { "cross_entropy" }
  return function()
    local z = as.concat(leaves, 1)
    z = z / z:square():sum({ 2, keep = true }):sqrt():maximum(1e-12)
    local logits = z:matmul(z:transpose()) * 2
    return as.grad(loss(as.where(itself, -math.huge, logits), target), leaves)
  end
end

-- The perceptron 784-512-512-10 and a batch of 256.
local function perceptron()
  local net = nn.seq {
    nn.linear { 784, 512 }, nn.relu {}, nn.linear { 512, 512 }, nn.relu {}, nn.linear { 512, 10 },
  }
  return net, as.randn(256, 784), as.randint(10, 256)
end

-- Norm of each sample's gradient.
local function norms()
  local net, x, y = perceptron()
  local loss, parameters = as.loss { "cross_entropy", reduction = "none" }, net:parameters()
  return function()
    return as.per_sample_norms(loss(net(x), y), parameters)
  end
end

cases.per_sample_grad = norms
cases.per_sample_grad_trick = norms

-- The same by one backward pass a sample.
function cases.per_sample_grad_loop()
  local net, x, y = perceptron()
  local loss, parameters = as.loss { "cross_entropy" }, net:parameters()
  return function()
    local found = {}
    for i = 1, 256 do
      found[i] = as.scope(function()
        local total
        for _, g in ipairs(as.grad(loss(net(x:slice(1, i, i)), y:slice(1, i, i)), parameters)) do
          local square = g:square():sum()
          total = total and total + square or square
        end
        return total:sqrt()
      end)
    end
    return as.stack(found)
  end
end

-- The best matching of 512 x 512: of random costs, and of two permuted noisy copies of 512 units.
function cases.weight_matching()
  local cost = as.randn(512, 512)
  return function()
    return cost:assignment "max"
  end
end

function cases.weight_matching_corr()
  local w = as.randn(512, 784)
  local v = w:index_select(as.permutation(512), 1) + as.randn(512, 784)
  local cost = w:matmul(v:transpose())
  return function()
    return cost:assignment "max"
  end
end

-- The mean of 8 states of 20 tensors of 500 x 500.
function cases.soup()
  local states, weights = {}, {}
  for k = 1, 8 do
    states[k], weights[k] = {}, 1 / 8
    for i = 1, 20 do
      states[k][i] = as.randn(500, 500)
    end
  end
  return function()
    local mean = {}
    for i = 1, 20 do
      local parts = {}
      for k = 1, 8 do
        parts[k] = states[k][i]
      end
      mean[i] = as.weighted_sum(parts, weights)
    end
    return mean
  end
end

return cases
