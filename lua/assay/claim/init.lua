-- as.claim: what an experiment says it will show, written before it runs. One-line forms for the common
-- cases, as.claim { ... } for any function of the finished arms, and what such functions need.
local core = require "assay.core"
local declared = require "assay.claim.declared"
local drawn = require "assay.claim.drawn"
local per_seed = require "assay.claim.per_seed"
local settings = require "assay.settings"
local statistics = require "assay.statistics"

local claim = {
  bootstrap = drawn.bootstrap, join = per_seed.join,
  spearman = statistics.spearman, kendall = statistics.kendall,
}

--- Across a list of numbers per seed: the mean for each seed. The same for plain numbers.
function claim.mean(list)
  return per_seed.across(list, statistics.mean)
end

function claim.median(list)
  return per_seed.across(list, function(row) return statistics.quantile(row, 0.5) end)
end

function claim.min(list)
  return per_seed.across(list, function(row) return math.min(table.unpack(row)) end)
end

function claim.max(list)
  return per_seed.across(list, function(row) return math.max(table.unpack(row)) end)
end

for name, form in pairs(require "assay.claim.forms") do
  claim[name] = form
end

local names = settings.names(claim)

return setmetatable(claim, {
  __call = function(_, given)
    return declared.make(given)
  end,
  __index = function(_, name)
    core.fail(('as.claim has no "%s"%s'):format(tostring(name), core.suggest(tostring(name), names)))
  end,
})
