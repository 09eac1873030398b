-- What a network learns from views of images alone: SimCLR on Fashion-MNIST without labels, then a linear
-- probe on 1,000 labels. The arm `untrained` probes the network as it was drawn.
local as = require "assay"
local nn = require "assay.nn"
local metrics = require "assay.metrics"

local moves, places = {}, as.arange(28):float() -- matrices that move columns by -3 to 3, the last 7 mirror
for k = 0, 13 do
  local from = k < 7 and places:affine(1, k - 3) or places:affine(-1, 20 + k)
  moves[k + 1] = from:reshape(28, 1):eq(places)
end
moves = as.stack(moves) -- [14,28,28]
local function view(x) -- [B,1,28,28]: moved, mirrored, of another contrast
  local rows = moves:index_select(as.randint(7, #x), 1):unsqueeze(2)
  local columns = moves:index_select(as.randint(14, #x), 1):unsqueeze(2)
  return rows:matmul(x):matmul(columns) * as.rand(#x, 1, 1, 1):affine(0.8, 0.6)
end

return as.experiment {
  name = "simclr_views", paper = "arXiv:2002.05709", headline = "probe/accuracy",
  params = { items = 5000, labels = 1000, lr = 1e-3, head = { "simclr", tau = 0.2 } },
  arms = { untrained = { epochs = 0 }, simclr = { epochs = 6 } },
  seeds = 2,
  smoke = { seeds = 1, params = { items = 500 } },
  claims = {
    learns = as.claim.beats { "simclr", "untrained", metric = "probe/accuracy", by = 0.02, seeds = "2 of 2" },
  },
  run = function(run, p)
    local data, head = as.dataset { "fashion_mnist" }, as.head(p.head)
    local train, ce = as.data(data.train), as.loss { "cross_entropy" }
    local net = nn.seq { nn.conv2d { 1, 16, 3, stride = 2, padding = 1 }, nn.relu {},
      nn.conv2d { 16, 32, 3, stride = 2, padding = 1 }, nn.relu {}, nn.flatten {}, nn.linear { 1568, 128 } }
    local probe = nn.linear { 128, 10 }
    local opt, fit = as.optim.adam { net, head, lr = p.lr }, as.optim.adam { probe, lr = 1e-2 }
    for _, batch in train:subset(p.items):batches { 128, shuffle = true, epochs = p.epochs } do
      as.scope(function() opt:update(head(net(view(batch.x)), net(view(batch.x)))) end)
    end
    for _, batch in train:subset(p.labels):batches { 100, shuffle = true, epochs = 50 } do
      as.scope(function() fit:update(ce(probe(as.no_grad(net, batch.x)), batch.y)) end)
    end
    run:log(p.epochs, { ["probe/accuracy"] = metrics.accuracy(nn.seq { net, probe }, data.test) })
  end,
}
