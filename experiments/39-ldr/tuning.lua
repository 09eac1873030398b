-- What `assay tune experiments/39-ldr/experiment.lua` tries: nine points for every arm, three rates by three
-- values of what the loss has of its own; cross-entropy has nothing, so its weight decay. Chosen by accuracy
-- on a tenth of the training items with the labels they have, noisy ones, on a seed that judges nothing.
local own <const> = {
  cross_entropy = { "decay", { 0, 5e-4, 5e-3 } },
  gce = { "loss.q", { 0.05, 0.7, 0.95 } },
  sce = { "loss.bal", { 0.05, 0.5, 0.95 } },
  ldr_kl = { "loss.lam", { 0.1, 1, 10 } },
  aldr_kl = { "loss.lam0", { 0.1, 1, 10 } },
}

return function(arms)
  local over = { ["params.validation"] = { 0.1 } }
  for name, arm in pairs(arms) do
    local field, values = table.unpack(own[arm.loss[1]])
    over[("arms.%s.lr"):format(name)] = { 1e-3, 1e-2, 1e-1 }
    over[("arms.%s.%s"):format(name, field)] = values
  end
  return { metric = "val/top1", rule = "highest", seeds = { 100 }, over = over }
end
