-- A number with what a bootstrap drew for it.
local statistics = require "assay.statistics"

---@class assay.Drawn
---@field value number
---@field drawn number[]
local Drawn = {}
Drawn.__name = "drawn"

local draws = statistics.draws

--- Calls f with so many resamples in place of the usual number: a rehearsal needs the form only.
local function with_draws(n, f)
  local before = draws
  draws = n
  local result = table.pack(pcall(f))
  draws = before
  return table.unpack(result, 1, result.n)
end

--- One pooled number, statistic(items), and the same of resamples of the items. A resample that has no number
--- (a correlation of constants) is left out; more than one in twenty of these is a mistake.
---@param items any[]
---@param statistic fun(items: any[]): number
---@return assay.Drawn
local function bootstrap(items, statistic)
  if type(items) ~= "table" or #items < 2 or type(statistic) ~= "function" then
    error("bootstrap: expected a list of two items at least and a function of such a list", 2)
  end
  local place, picked, drawn = {}, {}, {}
  for i = 1, #items do
    place[i] = i
  end
  for draw = 1, draws do
    statistics.resample(draw - 1, place)
    for i, from in ipairs(place) do
      picked[i] = items[from]
    end
    local value = statistic(picked)
    drawn[#drawn + 1] = value == value and value or nil
  end
  if #drawn < 0.95 * draws then
    error(("bootstrap: %d of %d resamples have no number"):format(draws - #drawn, draws), 2)
  end
  return setmetatable({ value = statistic(items), drawn = drawn }, Drawn)
end

return {
  bootstrap = bootstrap, with_draws = with_draws,
  is = function(value) return getmetatable(value) == Drawn end,
}
