-- Times cases: assay script bench/bench.lua [CASE...]
-- Prints `case threads median_us p10 p90 peak_MiB`, the last of one call's tensors.
-- Threads come from ASSAY_THREADS (all cores if it is not set).
-- A case is a function in one of bench/cases/*.lua that returns the function to time, and how many times
-- that does the work in one call (1 if not said).
local timing = require "timing"

local files = { "kernels", "models", "methods", "eager", "plugins", "runs" }
local threads = os.getenv "ASSAY_THREADS" or "all"

local cases, names = {}, {}
for _, file in ipairs(files) do
  for name, case in pairs(require("cases." .. file)) do
    cases[name] = case
    names[#names + 1] = name
  end
end

local wanted = #arg > 0 and arg or names
for _, name in ipairs(wanted) do
  if not cases[name] then
    io.stderr:write(("bench: no case %q; there are: %s\n"):format(name, table.concat(names, ", ")))
    os.exit(2)
  end
end
for _, name in ipairs(wanted) do
  local median, p10, p90, peak = timing.measure(cases[name]())
  print(("%-22s %s %10.2f %10.2f %10.2f %9.2f"):format(name, threads, median, p10, p90, peak / 2 ^ 20))
end
