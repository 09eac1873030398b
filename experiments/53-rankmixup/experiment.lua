-- RankMixup (Noh et al. 2023): is a small convolutional network better calibrated when its confidence in
-- mixed images is ranked below that in raw ones? Fashion-MNIST and digits; cross-entropy, mixup, mixup beside
-- cross-entropy, MRL and M-NDCG.
--   ./assay run experiments/53-rankmixup/experiment.lua -j 2
--   ./assay tune experiments/53-rankmixup/experiment.lua -j 2     (tuning.lua) chose the values below
local as = require "assay"
local nn = require "assay.nn"
local mixup = require "mixup"
local tuning = require "tuning"

-- Few items to train on, so that cross-entropy fits them too well and is too sure. Of Fashion-MNIST so many
-- of each class are drawn to train on and to validate with; of digits' 1,400 so many are held out.
local sets <const> = {
  fashion = { source = { "fashion_mnist" }, per_class = { 200, 100 }, features = 32 * 7 * 7 },
  digits = { source = { "digits" }, validation = 200, features = 32 * 2 * 2 },
}

-- The values of each arm that are tuned (tuning.lua: six points, seed 100, validation likelihood).
local tuned <const> = {
  fashion = {
    ce = { lr = 0.05, decay = 5e-3 }, mixup = { a = 0.2, decay = 5e-4 },
    mixup_and_ce = { a = 2.0, w_mix = 0.5 }, mrl = { margin = 1, w_mix = 0.1 },
    mndcg = { a = 2.0, w_mix = 0.5 },
  },
  digits = {
    ce = { lr = 0.1, decay = 5e-4 }, mixup = { a = 0.2, decay = 5e-4 },
    mixup_and_ce = { a = 0.2, w_mix = 0.5 }, mrl = { margin = 0.5, w_mix = 0.1 },
    mndcg = { a = 1.0, w_mix = 0.1 },
  },
}

-- An arm: which step it takes (`step` below), with how many mixed copies, and which grid of tuning.lua is its
-- own. MRL mixes with a = 2, the authors' value for CIFAR.
local arms = {}
for set, chosen in pairs(tuned) do
  local function arm(name, fields)
    fields.set, fields.dataset = set, sets[set].source
    arms[set .. "_" .. name] = fields
  end
  local ce, vanilla, both, mndcg = chosen.ce, chosen.mixup, chosen.mixup_and_ce, chosen.mndcg
  arm("ce", { tuned = "ce", step = "ce", loss = { "cross_entropy" }, lr = ce.lr, decay = ce.decay })
  arm("ce_long", { tuned = "none", step = "ce", loss = { "cross_entropy" }, lr = ce.lr, decay = ce.decay,
    epochs = 120 }) -- as many forward passes as M-NDCG makes
  arm("mixup", { tuned = "mixup", step = "mixup", loss = { "mixup_ce" }, a = vanilla.a,
    decay = vanilla.decay })
  arm("mixup_a1", { tuned = "none", step = "mixup", loss = { "mixup_ce" }, a = 1.0 })
  arm("mixup_a2", { tuned = "none", step = "mixup", loss = { "mixup_ce" }, a = 2.0 })
  arm("mixup_and_ce", { tuned = "mixup_and_ce", step = "both", loss = { "mixup_ce" }, a = both.a,
    w_mix = both.w_mix })
  arm("mrl", { tuned = "mrl", step = "mrl", a = 2.0,
    loss = { "mrl", margin = chosen.mrl.margin, w_mix = chosen.mrl.w_mix } })
  arm("mndcg", { tuned = "mndcg", step = "mndcg", a = mndcg.a, copies = 3,
    loss = { "mndcg", w_mix = mndcg.w_mix } })
end

---------------------------------------------------------------------- one run

-- The loss of a batch for each kind of arm.
local step <const> = {
  ce = function(net, loss, batch)
    return loss(net(batch.x), batch.y)
  end,
  mixup = function(net, loss, batch, p)
    local m = mixup(batch.x, batch.y, p.a, p.copies)
    return loss(net(m.x), batch.y, m.labels, m.mix)
  end,
  both = function(net, loss, batch, p)
    local m = mixup(batch.x, batch.y, p.a, p.copies)
    return net(batch.x):cross_entropy(batch.y):mean() + p.w_mix * loss(net(m.x), batch.y, m.labels, m.mix)
  end,
  mrl = function(net, loss, batch, p)
    local m = mixup(batch.x, batch.y, p.a, p.copies)
    return loss(net(batch.x), batch.y, net(m.x), m.labels)
  end,
  mndcg = function(net, loss, batch, p)
    local m = mixup(batch.x, batch.y, p.a, p.copies)
    return loss(net(batch.x), batch.y, net(m.x), m.coef)
  end,
}

local function network(features)
  return nn.seq { nn.conv2d { 1, 16, 3, stride = 2, padding = 1 }, nn.relu {},
    nn.conv2d { 16, 32, 3, stride = 2, padding = 1 }, nn.relu {}, nn.flatten {},
    nn.linear { features, 64 }, nn.relu {}, nn.linear { 64, 10 } }
end

-- Training and validation items, drawn from the training split.
local function parts(set, items)
  if set.validation then
    local held, train = items:split(set.validation, { shuffle = true })
    return train, held
  end
  local train, others = items:balanced(set.per_class[1])
  return train, (items:subset(others):balanced(set.per_class[2]))
end

-- The share of test images in which the net is surer than in 0.7 of it and 0.3 of another one.
local function order(net, test, logits)
  as.seeded("order", 1) -- one permutation for all runs
  local partner = as.permutation(#test.y, { stream = "order" })
  local mixed = test.x * 0.7 + test.x:index_select(partner, 1) * 0.3
  local surest = as.metrics.outputs(net, { x = mixed }):softmax(-1):max(-1)
  return logits:softmax(-1):max(-1):gt(surest):mean()
end

local function judge(net, held, test)
  local score, logits = as.score { "calibration", bins = 15 }, as.metrics.outputs(net, test)
  local ece, aece, classwise, brier, auroc = score(logits, test.y)
  local cooler = as.adapter { "temperature_scaling", model = nn.identity {} }
  cooler:adapt(as.metrics.outputs(net, held), held.y)
  return {
    ["test/ece"] = ece, ["test/aece"] = aece, ["test/classwise_ece"] = classwise, ["test/brier"] = brier,
    ["test/auroc"] = auroc, ["test/ece_scaled"] = (score(cooler(logits), test.y)),
    ["test/accuracy"] = logits:argmax(-1):eq(test.y):mean(),
    ["test/nll"] = logits:cross_entropy(test.y):mean(), ["test/order"] = order(net, test, logits),
  }
end

local function run_one(run, p)
  local data = as.dataset(p.dataset)
  local train, held = parts(sets[p.set], as.data(data.train))
  local net, loss = network(sets[p.set].features), as.loss(p.loss)
  local opt = as.optim.sgd { net, lr = p.lr, momentum = 0.9, decay = p.decay }
  local pass, began = #train.y // p.batch, as.clock()
  local rate = as.optim.steps { p.lr, at = { p.epochs // 2 * pass, p.epochs * 22 // 30 * pass } }
  local last = p.epochs * pass
  for k, batch in train:batches { p.batch, shuffle = true, drop_last = true, epochs = p.epochs } do
    as.scope(function()
      opt.lr = rate(k)
      opt:update(step[p.step](net, loss, batch, p))
    end)
  end
  run:log(last, { ["clock/ms a step"] = (as.clock() - began) * 1000 / last })
  run:log(last, { ["val/nll"] = as.metrics.outputs(net, held):cross_entropy(held.y):mean() })
  if not p.tuning then
    run:log(last, judge(net, held, data.test))
  end
end

---------------------------------------------------------------------- claims

local function lower_ece(one, other)
  return as.claim.beats { one, other, metric = "test/ece", lower = true, by = 0.005, seeds = "4 of 5" }
end

-- What is claimed of one loss on Fashion-MNIST; `same_a` is the untuned mixup of its a.
local function claims_of(loss, same_a, claims)
  local one = "fashion_" .. loss
  claims[loss .. "_a_ce"] = lower_ece(one, "fashion_ce")
  claims[loss .. "_b_mixup_same_a"] = lower_ece(one, same_a)
  claims[loss .. "_c_mixup_tuned"] = lower_ece(one, "fashion_mixup")
  claims[loss .. "_d_mixup_and_ce"] = lower_ece(one, "fashion_mixup_and_ce")
  claims[loss .. "_accuracy_not_lower"] = as.claim.within { one, "fashion_ce", metric = "test/accuracy",
    margin = 0.005 }
  claims[loss .. "_accuracy_not_higher"] = as.claim.within { "fashion_ce", one, metric = "test/accuracy",
    margin = 0.005 }
  claims[loss] = as.claim.all { loss .. "_a_ce", loss .. "_b_mixup_same_a", loss .. "_accuracy_not_lower",
    loss .. "_accuracy_not_higher" }
  claims[loss .. "_ce_long"] = as.claim.reported { one, "fashion_ce_long", metric = "test/ece" }
  claims[loss .. "_scaled"] = as.claim.reported { one, "fashion_ce", metric = "test/ece_scaled" }
  claims[loss .. "_digits"] = as.claim.reported { "digits_" .. loss, "digits_ce", metric = "test/ece" }
  return claims
end

local claims = claims_of("mrl", "fashion_mixup_a2", {})
claims_of("mndcg", tuned.fashion.mndcg.a == 1 and "fashion_mixup_a1" or "fashion_mixup_a2", claims)
claims.mrl_order = as.claim.beats { "fashion_mrl", "fashion_ce", metric = "test/order" }
claims.mndcg_order = as.claim.reported { "fashion_mndcg", "fashion_ce", metric = "test/order" }

return as.experiment {
  name = "53-rankmixup", paper = "arXiv:2308.11990", headline = "test/ece",
  doc = "is a network better calibrated when its confidence in mixed images is ranked below that in raw ones",
  params = { batch = 128, epochs = 30, lr = 0.05, decay = 5e-4, a = 2.0, copies = 1, w_mix = 1.0,
    tuning = false },
  arms = arms,
  seeds = 5,
  smoke = { seeds = 1, params = { epochs = 2 },
    arms = { "fashion_ce", "fashion_mixup_a2", "fashion_mrl", "fashion_mndcg" } },
  tune = tuning(arms),
  claims = claims,
  run = run_one,
}
