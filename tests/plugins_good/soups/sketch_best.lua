-- Takes the state that a function of the script likes best.
local as = require "assay.plugin"

return as.plugin {
  kind = "soups", name = "sketch_best", version = "1.0.0", doc = "the state with the largest evaluation",
  signature = "states state[], evaluate function -> state",
  merge = function(self, states, evaluate)
    local best, top = states[1], -math.huge
    for _, state in ipairs(states) do
      local value = evaluate:evaluate(state)
      if value > top then
        best, top = state, value
      end
    end
    self:report("best", top)
    return best
  end,
}
