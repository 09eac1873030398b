-- How a case is timed: warm-up of at least 0.3 s, then 11 batches of about 0.15 s each; median, 10th and 90th
-- percentile of the time a call. The same as the anchors' bench/torch_bench.py.
local as = require "assay"

local timing = {}

local warm_up, batch_seconds, repeats = 0.3, 0.15, 11

-- Calls f n times and returns the seconds that took.
local function run(f, n)
  local start = as.clock()
  for _ = 1, n do
    f()
  end
  return as.clock() - start
end

--- Microseconds of one call of f, divided by `per` where a call does the same work `per` times.
---@param f fun()
---@param per integer?
---@return number median
---@return number p10
---@return number p90
---@return integer peak  bytes of tensors, inputs and parameters included
function timing.measure(f, per)
  per = per or 1
  local start, calls = as.clock(), 0
  repeat
    f()
    calls = calls + 1
  until as.clock() - start >= warm_up and calls >= 2
  local n = math.max(1, math.floor(batch_seconds / ((as.clock() - start) / calls)))
  collectgarbage()
  as.memory(true)
  f()
  local _, peak = as.memory()
  local times = {}
  for i = 1, repeats do
    times[i] = run(f, n) / n / per * 1e6
  end
  table.sort(times)
  return times[6], times[2], times[10], peak
end

return timing
