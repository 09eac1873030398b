-- The data of a run, its encoder, and contrastive training on two views of each image.
local as = require "assay"
local nn = require "assay.nn"
local augment = require "assay.augment"

local training = {}

--- Long-tailed images (or even ones, of 250 a class), n of each class with labels that are not among them,
--- and the test set.
function training.data(p, n)
  local clean = as.dataset { "fashion_mnist" }
  local most = p.ratio > 1 and 1000 or 250
  local thinned = as.dataset { "long_tail", source = clean, n_max = most, ratio = p.ratio }
  local images, seen = as.data(thinned.train), {}
  for i = 1, #images do
    seen[images.x[i]:bytes()] = true
  end
  local drawn, places, left = as.data(clean.train):balanced(n + n // 2), {}, as.full(n, 10):tolist()
  for i, class in ipairs(drawn.y:tolist()) do
    if left[class + 1] > 0 and not seen[drawn.x[i]:bytes()] then
      left[class + 1] = left[class + 1] - 1
      places[#places + 1] = i - 1
    end
  end
  assert(#places == 10 * n, "too few images of a class are left for the probe")
  return images, drawn:subset(as.i64(places)), as.data(clean.test)
end

--- 28 x 28 -> 128 features.
function training.encoder()
  return nn.seq { nn.conv2d { 1, 16, 3, stride = 2, padding = 1 }, nn.group_norm { 4, 16 }, nn.relu {},
    nn.conv2d { 16, 32, 3, stride = 2, padding = 1 }, nn.group_norm { 8, 32 }, nn.relu {}, nn.flatten {},
    nn.linear { 1568, 128 } }
end

local view = augment.chain { augment.shift { 3 }, augment.flip {}, augment.crop { 20, 28 },
  augment.brightness { 0.6, 1.4 }, augment.contrast { 0.6, 1.4 } }

--- Trains encoder and head without labels; gives the number of steps.
function training.contrast(p, images, net, head)
  local opt, a_pass = as.optim.adam { net, head, lr = p.lr }, #images // p.batch
  for step, batch in images:batches { p.batch, shuffle = true, drop_last = true, epochs = p.epochs } do
    as.scope(function()
      local both = net(view(as.concat({ batch.x, batch.x }, 1)))
      local first, second = table.unpack(both:split(#batch.x))
      if p.head[1] == "simclr" then
        opt:update(head(first, second))
      else
        opt:update(head(first, second, batch.index, as.i64 { (step - 1) // a_pass }:reshape {}))
      end
    end)
  end
  return p.epochs * a_pass
end

return training
