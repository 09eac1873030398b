-- Assay in one file: a small network on Fashion-MNIST with two losses, cross-entropy and LDR-KL
-- (arXiv:2112.14869), two seeds each; then the networks of each arm are averaged into one, a soup.
--   ./assay run experiments/quickstart.lua
--   ./assay run experiments/quickstart.lua --set params.epochs=1 --arm ldr_kl --seed 7
local as = require "assay"
local nn = require "assay.nn"
local metrics = require "assay.metrics"
local function network(p)
  return nn.seq { nn.flatten {}, nn.linear { 784, p.width }, nn.relu {}, nn.linear { p.width, 10 } }
end

return as.experiment {
  name = "quickstart",
  doc = "cross-entropy and LDR-KL on Fashion-MNIST, each arm's networks averaged",
  headline = "test/accuracy",
  -- Every value can be changed from outside: --set params.lr=1e-3, or in a YAML file with --config.
  params = { width = 256, batch = 128, epochs = 8, shared = 2, lr = 2e-3 },
  -- What differs between the arms. A loss is a plugin: its name, then its parameters, which are checked
  -- before anything runs; `./assay plugins show losses/ldr_kl` explains them.
  arms = {
    cross_entropy = { loss = { "cross_entropy" } },
    ldr_kl = { loss = { "ldr_kl", lam = 1, margin = 0.1 } },
  },
  seeds = 2,
  smoke = { seeds = 1, params = { epochs = 3, width = 32 } }, -- --smoke: does it run at all?
  -- What this is expected to show, written down before the first run and judged after the last one.
  claims = {
    ldr = as.claim.within { "ldr_kl", "cross_entropy", metric = "test/accuracy", margin = 0.01 },
    soup = as.claim { kind = "superiority",
      statement = "the averaged network is more accurate than those it was made of are on average",
      value = function(arms)
        local ce = arms.cross_entropy
        return ce { "test/accuracy", pool = true } - (ce "test/accuracy"):mean()
      end,
    },
  },

  -- One run: one arm with one seed, in a process of its own. p holds the parameters and the arm's fields.
  run = function(run, p)
    local data = as.dataset { "fashion_mnist" }
    -- Networks can be averaged only if they come from a common start: two that were drawn apart order their
    -- units differently, and the mean of those is worthless. So the initial weights and the data's order in
    -- the first `shared` passes have a seed of their own; after these the order follows the run's seed.
    as.seeded("init", 1)
    as.seeded("shuffle", 1)
    local net, loss = network(p), as.loss(p.loss)
    local opt = as.optim.adam { net, lr = p.lr }
    local pass = #data.train.y // p.batch
    local order = { p.batch, shuffle = true, drop_last = true, epochs = p.epochs }
    for step, batch in as.data(data.train):batches(order) do
      if step == p.shared * pass then as.seeded("shuffle", run.seed) end
      as.scope(function() -- tensors made in here are dropped at its end
        opt.lr = p.lr * (1 - (step - 1) / (p.epochs * pass))
        local l = loss(net(batch.x), batch.y)
        l:backward()
        opt:step()
        if step % 100 == 0 then run:log(step, { ["train/loss"] = l }) end -- on record when it returns
      end)
    end
    run:log(p.epochs * pass, { ["test/accuracy"] = metrics.accuracy(net, data.test) })
    run:save("model", net)
  end,
  -- Once an arm, when its runs are done.
  pool = function(run, p, members)
    local soup, states = as.soup { "uniform" }, {}
    for i, member in ipairs(members) do states[i] = member:load "model" end
    local net = network(p):load(soup(states))
    run:log(0, { ["test/accuracy"] = metrics.accuracy(net, as.dataset { "fashion_mnist" }.test) })
  end,
}
