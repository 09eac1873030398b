-- The three networks A, B and C of a group: another start and another order of the items each, trained once
-- for all arms.
local as = require "assay"
local nn = require "assay.nn"
local teacher = require "assay.teacher"

local networks = {}

--- Fashion-MNIST as vectors of 784: the first `items` of "train", or of "test".
function networks.items(split, items)
  local data = as.data(as.dataset { "fashion_mnist" }[split]):subset(items)
  return as.data { x = data.x:flatten(2), y = data.y }
end

local function perceptron(width)
  return nn.seq { nn.linear { 784, width }, nn.relu {}, nn.linear { width, width }, nn.relu {},
    nn.linear { width, 10 } }
end

--- A, B and C of the run's seed, as models.
function networks.group(run, p)
  local models = {}
  for k = 1, 3 do
    models[k] = teacher {
      run, name = "perceptron-fashion", seed = 3 * (run.seed - 1) + k, plugins = { "datasets/fashion_mnist" },
      params = { items = p.items, width = p.width, epochs = p.epochs, lr = p.lr },
      build = function(o) return perceptron(o.width) end,
      train = function(net, o)
        local opt = as.optim.adam { net, lr = o.lr }
        for _, batch in networks.items("train", o.items):batches { 100, shuffle = true, epochs = o.epochs } do
          as.scope(function() opt:update(net(batch.x):cross_entropy(batch.y):mean()) end)
        end
        return net
      end,
    }
  end
  return models
end

return networks
