-- assay: tensors, plugins, networks, optimizers, data, experiments. `local as = require "assay"`
local core = require "assay.core"

---@class assay
local as = {}

for _, name in ipairs {
  "tensor", "i64", "zeros", "ones", "full", "arange", "randn", "rand", "randint", "rademacher", "permutation",
  "seeded", "concat", "stack", "weighted_sum", "is_tensor", "scope", "no_grad", "grad", "save", "load",
  "memory", "clock",
} do
  as[name] = core[name]
end

as.where = core.methods.where

-- Functions of the kinds of plugins: as.loss { "poly1", epsilon = 2 }
for word, kind in pairs {
  loss = "losses", head = "heads", sampler = "samplers", distiller = "distillers", soup = "soups",
  score = "scores", dataset = "datasets",
} do
  as[word] = function(spec)
    return core.plugin(kind, spec)
  end
end

-- Parts that are loaded when they are first used.
local parts = {
  nn = function() return require "assay.nn" end,
  optim = function() return require "assay.optim" end,
  data = function() return require "assay.data" end,
  metrics = function() return require "assay.metrics" end,
  experiment = function() return require("assay.experiment").declare end,
}

return setmetatable(as, {
  __index = function(_, name)
    local part = parts[name]
    if not part then
      local names = {}
      for known in pairs(as) do
        names[#names + 1] = known
      end
      for known in pairs(parts) do
        names[#names + 1] = known
      end
      error(('assay has no "%s"%s'):format(tostring(name), core.suggest(tostring(name), names)), 2)
    end
    as[name] = part()
    return as[name]
  end,
})
