-- The twelve models: a network pre-trained on the source task, a head probed on the target task once for all,
-- and fine-tuning under settings drawn for each model.
local as = require "assay"
local nn = require "assay.nn"

local training = {}

local function body_of(width)
  return nn.seq { nn.flatten {}, nn.linear { 784, width }, nn.layer_norm { width }, nn.relu {},
    nn.linear { width, width }, nn.layer_norm { width }, nn.relu {} }
end

-- The batch in four parts, turned by 0 to 3 quarters.
local function quarters(x)
  local parts, turns, size = x:split((#x + 3) // 4), {}, {}
  for k, part in ipairs(parts) do
    local turned = part
    for _ = 2, k do turned = turned:transpose(3, 4):flip(4) end
    turns[k], size[k] = turned, as.full(k - 1, #part):long()
  end
  return as.concat(turns, 1), as.concat(size, 1)
end

--- theta_0, its head included, and a network to load it into. Three passes over the source images: their
--- class upright, and how far they were turned; then the target's head alone, once for all models.
function training.pretrained(p, t)
  local body, classes, turns = body_of(p.width), nn.linear { p.width, 10 }, nn.linear { p.width, 4 }
  local opt = as.optim.adam { body, classes, turns, lr = 1e-3 }
  for _, batch in t.source:batches { 128, shuffle = true, epochs = 3 } do
    as.scope(function()
      local turned, by = quarters(batch.x)
      opt:update(classes(body(batch.x)):cross_entropy(batch.y):mean()
        + turns(body(turned)):cross_entropy(by):mean())
    end)
  end
  local head = nn.linear { p.width, 10 }
  local probe = as.data { h = as.no_grad(body, t.train.x), y = t.train.y }
  local fit = as.optim.adam { head, lr = 1e-2 }
  for _, batch in probe:batches { 64, shuffle = true, epochs = 20 } do
    as.scope(function() fit:update(head(batch.h):cross_entropy(batch.y):mean()) end)
  end
  local net = nn.seq { body, head }
  return net:state(), net
end

local function one_of(list)
  return list[math.random(#list)]
end

-- A batch moved by up to two pixels. Mirrored images would be turned the other way round.
local function augmented(x)
  return x:roll(math.random(-2, 2), 3):roll(math.random(-2, 2), 4)
end

-- Fine-tunes the network as `m` says.
local function fine_tune(t, net, m)
  local opt = as.optim.adamw { net, lr = m.lr, decay = m.decay }
  for _, batch in t.train:batches { 64, shuffle = true, epochs = m.epochs } do
    as.scope(function()
      local x = m.augment and augmented(batch.x) or batch.x
      local share, other = 1, nil
      if m.mixup > 0 then
        share = as.beta(m.mixup, m.mixup, { 1, stream = "mixup" }):item()
        other = as.permutation(#x, { stream = "mixup" })
        x = x * share + x:index_select(other, 1) * (1 - share)
      end
      local f = net(x)
      local loss = f:cross_entropy(batch.y, m.smoothing):mean() * share
      if other then
        loss = loss + f:cross_entropy(batch.y:index_select(other, 1), m.smoothing):mean() * (1 - share)
      end
      opt:update(loss)
    end)
  end
end

--- One model: { theta =, lr =, epochs =, ..., hot = }; a hot one has a rate outside the range, on purpose.
function training.fine_tuned(p, t, base, net, hot)
  local m = { lr = p.least_lr * (p.most_lr / p.least_lr) ^ math.random(), epochs = one_of { 2, 4, 8 },
    decay = one_of { 0, 1e-4, 1e-2 }, smoothing = one_of { 0, 0.1 }, mixup = one_of { 0, 0.4 },
    augment = one_of { true, false }, hot = hot }
  m.lr = hot and p.hot_lr or m.lr
  net:load(base)
  fine_tune(t, net, m)
  m.theta = net:state()
  return m
end

return training
