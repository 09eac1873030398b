-- Training steps and forward passes of small networks; the same shapes and work as the anchors.
local as = require "assay"
local nn = require "assay.nn"

local cases = {}

-- (x, t) -> noise: 2-D diffusion's denoiser
local function tiny_mlp()
  local net = nn.seq {
    nn.linear { 3, 128 }, nn.silu {}, nn.linear { 128, 128 }, nn.silu {}, nn.linear { 128, 2 },
  }
  return nn.module {
    net = net,
    forward = function(_, x, t)
      return net(as.concat({ x, t:unsqueeze(-1) }, 2))
    end,
  }
end

-- One step of training: loss, backward, optimizer.
local function trainer(loss, optimizer)
  return function()
    loss():backward()
    optimizer:step()
  end
end

function cases.mlp_tiny()
  local net = tiny_mlp()
  local x, t, y = as.randn(256, 2), as.rand(256), as.randn(256, 2)
  return trainer(function()
    return (net(x, t) - y):square():mean()
  end, as.optim.adam { net, lr = 1e-3 })
end

-- One call of the denoiser without gradients: a sampler's step.
function cases.mlp_tiny_fwd()
  local net = tiny_mlp()
  local x, t = as.randn(256, 2), as.rand(256)
  return function()
    return as.no_grad(net, x, t)
  end
end

function cases.mlp_fmnist()
  local net = nn.seq {
    nn.linear { 784, 512 }, nn.relu {}, nn.linear { 512, 512 }, nn.relu {}, nn.linear { 512, 10 },
  }
  local x, y = as.randn(128, 784), as.randint(10, 128)
  local loss = as.loss { "cross_entropy" }
  return trainer(function()
    return loss(net(x), y)
  end, as.optim.adam { net, lr = 1e-3 })
end

return cases
