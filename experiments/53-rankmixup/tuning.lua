-- What `assay tune experiments/53-rankmixup/experiment.lua` tries: six points for every arm but the untuned
-- ones, chosen by the negative log likelihood of the validation split, on a seed that judges nothing.
local decay <const>, a <const>, w_mix <const> = { 5e-4, 5e-3 }, { 0.2, 1, 2 }, { 0.1, 0.5 }
local grid <const> = {
  ce = { lr = { 0.02, 0.05, 0.1 }, decay = decay },
  mixup = { a = a, decay = decay },
  mixup_and_ce = { a = a, w_mix = w_mix },
  mrl = { ["loss.margin"] = { 0.5, 1, 2 }, ["loss.w_mix"] = w_mix },
  mndcg = { a = { 1, 2 }, ["loss.w_mix"] = { 0.1, 0.5, 2 } },
}

return function(arms)
  local over = { ["params.tuning"] = { true } }
  for name, arm in pairs(arms) do
    for field, values in pairs(grid[arm.tuned] or {}) do
      over[("arms.%s.%s"):format(name, field)] = values
    end
  end
  return { metric = "val/nll", rule = "lowest", seeds = { 100 }, over = over }
end
