-- The scores of the training items: several networks trained for a few steps on all items, each item scored
-- by every network and averaged (Paul et al. 2021, section 2). The networks are trained once for all runs.
local as = require "assay"
local nn = require "assay.nn"
local teacher = require "assay.teacher"

local scoring = {}

function scoring.network()
  return nn.seq { nn.flatten {}, nn.linear { 784, 128 }, nn.relu {}, nn.linear { 128, 10 } }
end

--- Trains on `items` with Adam, the rate falling to 0 at `total`, for the first `steps` of it.
function scoring.train(net, items, p, steps)
  local opt, rate = as.optim.adam { net, lr = p.lr }, as.optim.linear { p.lr, 0, steps = p.total }
  for step, batch in items:batches { p.batch, shuffle = true, steps = steps } do
    as.scope(function()
      opt.lr = rate(step)
      opt:update(net(batch.x):cross_entropy(batch.y):mean())
    end)
  end
  return net
end

--- The training items: the first n of Fashion-MNIST, or of it with a tenth of the labels flipped.
---@param noisy boolean
function scoring.items(noisy, n)
  local source = { "fashion_mnist" }
  if noisy then -- a share rho of the labels becomes another class: xi = rho C / (C - 1)
    source = { "label_noise", source = source, kind = "uniform", xi = 0.1 * 10 / 9 }
  end
  return as.data(as.dataset(source).train):subset(n)
end

-- Scoring networks `first` .. `last` after `steps` steps; at 0 steps as they were drawn.
local function networks(run, p, noisy, steps, first, last)
  local list = {}
  for seed = first, last do
    list[#list + 1] = teacher {
      run, name = "data-diet", seed = seed,
      plugins = { "datasets/fashion_mnist", noisy and "datasets/label_noise" or nil },
      params = { steps = steps, noisy = noisy, items = p.items, lr = p.lr, total = p.total, batch = p.batch },
      build = scoring.network,
      train = function(net, o)
        return o.steps == 0 and net or scoring.train(net, scoring.items(o.noisy, o.items), o, o.steps)
      end,
    }
  end
  return list
end

--- EL2N [N] by scoring networks `first` .. `last`.
function scoring.el2n(run, p, items, noisy, first, last)
  local logits = {}
  for k, net in ipairs(networks(run, p, noisy, p.scored_at, first, last)) do
    logits[k] = as.metrics.outputs(net, items)
  end
  return as.score { "el2n" } (as.stack(logits, 1), items.y)
end

--- GraNd [N] by the first p.runs scoring networks after `steps` steps.
function scoring.grand(run, p, items, steps)
  local states = {}
  for k, net in ipairs(networks(run, p, false, steps, 1, p.runs)) do states[k] = net:state() end
  return as.score { "grand" } { model = scoring.network(), runs = states, x = items.x, labels = items.y }
end

--- The area under the ROC curve of scores [N] for marked [N] in {0, 1}: how often a marked item's score is
--- the higher one.
function scoring.auroc(scores, marked)
  local rank = scores:argsort():double():argsort():double() + 1
  local mark = marked:double()
  local ones = mark:sum():item()
  local zeros = mark:size(1) - ones
  return ((rank * mark):sum():item() - ones * (ones + 1) / 2) / (ones * zeros)
end

return scoring
