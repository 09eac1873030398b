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

function cases.cnn_small()
  local net = nn.seq {
    nn.conv2d { 1, 32, 3, padding = 1 }, nn.relu {}, nn.max_pool2d { 2 },
    nn.conv2d { 32, 64, 3, padding = 1 }, nn.relu {}, nn.max_pool2d { 2 },
    nn.flatten {}, nn.linear { 64 * 49, 128 }, nn.relu {}, nn.linear { 128, 10 },
  }
  local x, y = as.randn(128, 1, 28, 28), as.randint(10, 128)
  local loss = as.loss { "cross_entropy" }
  return trainer(function()
    return loss(net(x), y)
  end, as.optim.sgd { net, lr = 0.05, momentum = 0.9 })
end

-- 28 x 28 x 1; 32, 64 and 128 channels at 28, 14 and 7: 656,961 parameters
local function unet()
  local net = nn.unet { 1, 1, channels = { 32, 64 }, middle = 128 }
  return net, as.randn(64, 1, 28, 28), as.rand(64) * 1000
end

function cases.unet_denoise_fwd()
  local net, x, t = unet()
  return function()
    return as.no_grad(net, x, t)
  end
end

function cases.unet_denoise_train()
  local net, x, t = unet()
  local y = as.randn(64, 1, 28, 28)
  return trainer(function()
    return (net(x, t) - y):square():mean()
  end, as.optim.adam { net, lr = 1e-3 })
end

-- A causal language model: 256 tokens, 64 places, 128 features, 4 blocks of 4 heads; 867,328 parameters
function cases.transformer()
  local stack = { nn.embedding { 256, 128 }, nn.positions { 64, 128 } }
  for _ = 1, 4 do
    stack[#stack + 1] = nn.transformer_block { 128, 4, causal = true }
  end
  stack[#stack + 1], stack[#stack + 2] = nn.layer_norm { 128 }, nn.linear { 128, 256 }
  local net = nn.seq(stack)
  local x, y = as.randint(256, 32, 64), as.randint(256, 32 * 64)
  local loss = as.loss { "cross_entropy" }
  return trainer(function()
    return loss(net(x):reshape(-1, 256), y)
  end, as.optim.adam { net, lr = 1e-3 })
end

return cases
