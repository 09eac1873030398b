-- Single kernels, forward and backward: matrix products, elementwise chains, softmax, norms, sums.
local as = require "assay"
local nn = require "assay.nn"

local cases = {}

for _, n in ipairs { 512, 1024, 2048 } do
  cases["sgemm_" .. n] = function()
    local a, b = as.randn(n, n), as.randn(n, n)
    return function()
      return a:matmul(b)
    end
  end
end

local function leaf(...)
  return as.randn(...):requires_grad_()
end

-- f(a b + c), gradients in a, b and c
local function chain(f)
  return function()
    local n <const> = 1000000
    local a, b, c = leaf(n), leaf(n), leaf(n)
    local leaves, options = { a, b, c }, { grad = as.randn(n) }
    return function()
      return as.grad(f(a * b + c), leaves, options)
    end
  end
end

cases.ew_chain = chain(function(x)
  return x:gelu()
end)

cases.ew_chain_tanhgelu = chain(function(x)
  return ((x * x * x * 0.044715 + x) * math.sqrt(2 / math.pi)):tanh():affine(0.5, 0.5) * x
end)

function cases.softmax_xent()
  local x, y = leaf(4096, 1000), as.randint(1000, 4096)
  local loss = as.loss { "cross_entropy" }
  return function()
    return as.grad(loss(x, y), x)
  end
end

function cases.layernorm()
  local x, net = leaf(4096, 512), nn.layer_norm { 512 }
  local leaves, options = { x, net.weight, net.bias }, { grad = as.randn(4096, 512) }
  return function()
    return as.grad(net(x), leaves, options)
  end
end

-- Rows of 4096 x 1024, forward only.
function cases.reduce_sum()
  local x = as.randn(4096, 1024)
  return function()
    return x:sum(2)
  end
end

return cases
