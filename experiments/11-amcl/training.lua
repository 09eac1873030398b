-- The experiment's images, their views, the encoder, and how far it tells pairs apart.
local as = require "assay"
local nn = require "assay.nn"
local augment = require "assay.augment"

local training = {}

-- Nested: level 1 is the crop, 3 has three kinds of change, 5 all; contrast with brightness stands for colour
-- distortion, inversion for dropped colour.
local changes <const> = {
  augment.crop { 20, 28 }, augment.flip {}, augment.blur { 0.1, 2 },
  augment.chain { augment.contrast { 0.6, 1.4 }, augment.brightness { 0.6, 1.4 } },
  augment.inversion { p = 0.2 },
}

function training.view(level)
  return augment.chain(table.move(changes, 1, level, 1, {}))
end

-- Images without labels, labelled ones and those that judge: the test set, or for choosing values 400 of the
-- labelled ones.
function training.data(p)
  local data = as.dataset { "fashion_mnist" }
  local images, rest = as.data(data.train):split(p.images, { shuffle = true })
  local labelled = rest:subset(p.labelled)
  if p.validation then
    local held, known = labelled:split(400)
    return images, known, held, "val/"
  end
  return images, labelled, as.data(data.test):subset(p.test), "test/"
end

function training.encoder()
  return nn.seq {
    nn.conv2d { 1, 16, 3, stride = 2, padding = 1 }, nn.group_norm { 4, 16 }, nn.relu {},
    nn.conv2d { 16, 32, 3, stride = 2, padding = 1 }, nn.group_norm { 4, 32 }, nn.relu {},
    nn.flatten {}, nn.linear { 1568, 128 },
  }
end

-- Batches of pairs of views, of B items each: what is left over goes unseen in that pass.
function training.steps(p, images)
  return (#images.x // p.batch) * p.epochs
end

-- The heads' embeddings z [C,N,D] of features [N,H]. heads/simclr's weights lack the axis of heads.
function training.embeddings(head, h)
  local w1, b1, w2, b2 = table.unpack(head:parameters())
  local z = (h:matmul(w1:transpose()) + b1):relu():matmul(w2:transpose()) + b2
  z = z.rank == 2 and z:unsqueeze(1) or z
  return z / z:square():sum { -1, keep = true }:sqrt()
end

-- phi's temperatures of all pairs of z, [C,N,N].
function training.temperatures(head, options, z)
  local state = head:state()
  local left = z:matmul(state["phi.left"]:transpose()) + state["phi.hidden_bias"]
  local right = z:matmul(state["phi.right"]:transpose())
  local t = (left:unsqueeze(3) + right:unsqueeze(2)):relu():matmul(state["phi.out"]:unsqueeze(2))
  t = t:squeeze(-1) + state["phi.bias"]
  return t:sigmoid():affine(options.tau_max - options.tau_min, options.tau_min)
end

-- exp of the entropy of the shares of variance of z [C,N,D], the mean over the heads.
function training.effective_rank(z)
  local sum = 0
  for c = 1, #z do
    local x = z[c] - z[c]:mean { 1, keep = true }
    local share = (x:transpose():matmul(x)):double():eigh():clamp(1e-12)
    share = share / share:sum()
    sum = sum + math.exp(-(share * share:log()):sum():item()) / #z
  end
  return sum
end

-- Areas shared by the histograms of positive and negative pairs of `groups` times 200 images, views as in
-- training: of the mean s over the heads, and of the mean s/tau brought to [-1, 1]; and the effective rank.
function training.overlap(net, head, options, view, images, groups)
  local kinds = { plain = {}, scaled = {} }
  local rank = 0
  for g = 1, groups do
    local x = images.x:slice(1, (g - 1) * 200 + 1, g * 200)
    local z = training.embeddings(head, net(as.concat({ view(x), view(x) }, 1)))
    rank = rank + training.effective_rank(z) / groups
    local s = z:matmul(z:transpose())
    kinds.plain[g] = s:mean(1)
    kinds.scaled[g] = kinds.plain[g]
    if options.tau_max then
      kinds.scaled[g] = (s / training.temperatures(head, options, z)):mean(1)
    end
  end
  local item = as.concat({ as.arange(200), as.arange(200) }, 1)
  local same = item:unsqueeze(2):eq(item:unsqueeze(1)):double()
  local itself = as.arange(400):one_hot(400):double()
  local found = {}
  for kind, list in pairs(kinds) do
    local all = as.stack(list) -- [groups,400,400]
    if kind == "scaled" then
      local least, most = all:min():item(), all:max():item()
      all = (all - least) * (2 / (most - least)) - 1
    end
    local flat = all:reshape(groups, -1)
    local function where(mark)
      local order = mark:reshape(-1):argsort(1, { descending = true })
      return flat:index_select(order:slice(1, 1, math.tointeger(mark:sum():item())), 2):reshape(-1)
    end
    found[kind] = as.score { "pair_overlap" }(where(same - itself), where(1 - same)):item()
  end
  return found.plain, found.scaled, rank
end

return training
