-- A transform: another data set is its source.
local as = require "assay.plugin"

return as.plugin {
  kind = "datasets", name = "sketch_half", version = "1.0.0", doc = "the first half of every split",
  signature = "source dataset -> x f32[N,...]",
  open = function(_, source)
    return source.splits
  end,
  read = function(_, split, source)
    local x = source[split].x
    return { x = x:slice(1, 1, x:size(1) // 2) }
  end,
}
