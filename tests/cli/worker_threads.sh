# Training steps give the same bits at any number of threads: a ConvNet, a UNet and a transformer.
. "$(dirname "$0")/lib.sh"

cat >steps.lua <<'EOF'
local as = require "assay"
local nn = as.nn

local function train(net, opt, loss)
  for _ = 1, 2 do
    loss():backward()
    opt:clip(1)
    opt:step()
  end
  for _, p in ipairs(net:parameters()) do
    io.write(p:bytes())
  end
end

local convnet = nn.seq {
  nn.conv2d { 1, 16, 3, padding = 1 }, nn.batch_norm { 16 }, nn.relu {}, nn.max_pool2d { 2 },
  nn.conv2d { 16, 32, 3, padding = 1 }, nn.relu {}, nn.max_pool2d { 2 },
  nn.flatten {}, nn.dropout { 0.2 }, nn.linear { 32 * 49, 10 },
}
local x, y = as.randn(24, 1, 28, 28), as.randint(10, 24)
local cross_entropy = as.loss { "cross_entropy" }
train(convnet, as.optim.sgd { convnet, lr = 0.05, momentum = 0.9 }, function()
  return cross_entropy(convnet(x), y)
end)

local unet = nn.unet { 1, 1, channels = { 16, 32 }, film = true, classes = 10 }
local t, noise = as.rand(24) * 1000, as.randn(24, 1, 28, 28)
train(unet, as.optim.adam { unet, lr = 1e-3 }, function()
  return (unet(x, t, y) - noise):square():mean()
end)

local tokens = as.randint(50, 8, 33)
local gpt = nn.seq {
  nn.embedding { 50, 64 }, nn.positions { 32, 64 }, nn.transformer_block { 64, 4, causal = true },
  nn.layer_norm { 64 }, nn.linear { 64, 50 },
}
local target = tokens:slice(2, 2, 33):reshape(-1)
train(gpt, as.optim.radam { gpt, lr = 1e-3 }, function()
  return cross_entropy(gpt(tokens:slice(2, 1, 32)):reshape(-1, 50), target)
end)
EOF
for threads in 1 2 3; do
    ASSAY_THREADS=$threads expect_exit 0 assay-worker script steps.lua
    cp "$box/out" "$threads.bits"
done
[ "$(wc -c <1.bits)" -gt 500000 ] || fail "too few parameters"
cmp 1.bits 2.bits && cmp 1.bits 3.bits || fail "other bits at another number of threads"
