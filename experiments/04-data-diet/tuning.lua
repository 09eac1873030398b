-- What `assay tune experiments/04-data-diet/experiment.lua` tries: the share of items of the highest scores
-- that is left out, by accuracy on 5,000 training items outside of those that are pruned, on seeds that judge
-- nothing. Every arm with a window has the same four points.
return function(arms)
  local over = { ["params.validation"] = { true } }
  for name, arm in pairs(arms) do
    if arm.rule == "offset" then
      over[("arms.%s.dropped"):format(name)] = { 0.0, 0.025, 0.05, 0.1 }
    end
  end
  return { metric = "val/accuracy", rule = "highest", seeds = { 100, 101 }, over = over }
end
