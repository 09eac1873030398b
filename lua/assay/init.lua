-- assay: tensors, plugins, networks, optimizers, data, experiments. `local as = require "assay"`
local core = require "assay.core"

---@class assay
local as = {}

for _, name in ipairs {
  "tensor", "i64", "zeros", "ones", "full", "arange", "randn", "rand", "randint", "rademacher", "gamma",
  "beta", "permutation", "categorical", "seeded", "concat", "stack", "attention", "weighted_sum",
  "clip_norm_", "clip_each_", "memory_limit", "per_sample_norms", "per_sample_grad", "is_tensor", "scope",
  "no_grad", "grad", "save", "load", "memory", "clock", "read_npy", "read_idx", "read_csv", "read_images",
  "write_npy",
} do
  as[name] = core[name]
end

as.where = core.methods.where

-- Functions of the kinds of plugins: as.loss { "poly1", epsilon = 2 }
local kinds = {
  loss = "losses", head = "heads", sampler = "samplers", distiller = "distillers", soup = "soups",
  score = "scores", dataset = "datasets", hook = "hooks", adapter = "adapters",
}
for word, kind in pairs(kinds) do
  as[word] = function(spec)
    return core.plugin(kind, spec)
  end
end

-- Parts that are loaded when they are first used.
local parts = {
  nn = function() return require "assay.nn" end,
  optim = function() return require "assay.optim" end,
  data = function() return require "assay.data" end,
  results = function() return require "assay.results" end,
  metrics = function() return require "assay.metrics" end,
  plot = function() return require "assay.plot" end,
  claim = function() return require "assay.claim" end,
  experiment = function() return require("assay.experiment").declare end,
}

return setmetatable(as, {
  __kinds = kinds, -- for assay.meta
  __keys = parts, -- for assay.meta and assay.complete
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
