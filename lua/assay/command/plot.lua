-- assay plot: the command's words become a chart.
local as = require "assay"
local core = require "assay.core"

-- What the numbers of a file are to each kind.
local from_file = {}

function from_file.curves(x)
  return { { y = x } }
end

function from_file.scatter(x)
  return { { points = x } }
end

function from_file.histogram(x)
  return { { values = x } }
end

function from_file.heat(x)
  return { values = x }
end

function from_file.images(x)
  return { images = x }
end

function from_file.density(x)
  return { samples = x }
end

-- The names behind EXPERIMENT, by kind.
local from_runs <const> = {
  curves = { "metric" }, bars = { "metric" }, histogram = { "metric" }, scatter = { "x", "y" },
  heat = { "metric", "x", "y" },
}

-- Which option of the chart --log x, y or xy is.
local function set_log(o, kind, axes)
  if axes ~= "x" and axes ~= "y" and axes ~= "xy" then
    core.fail(("--log takes x, y or xy, not %s"):format(axes))
  end
  if kind == "bars" then
    o.log = true
    return
  end
  o.log_x, o.log_y = axes:find "x" and true, axes:find "y" and true
end

return function(given)
  local kind, names = given.kind, given.names
  local o
  if #names == 1 then
    o = from_file[kind](as.read_npy(names[1]))
    o.title = names[1]
  else
    o = { experiment = names[1], db = given.db, arms = given.arms }
    for i, name in ipairs(from_runs[kind]) do
      o[name] = names[i + 1]
    end
    o.title = names[1]
  end
  for _, name in ipairs { "title", "width", "height", "band", "bins", "columns" } do
    o[name] = given[name] or o[name]
  end
  if given.log then
    set_log(o, kind, given.log)
  end
  local chart = as.plot[kind](o)
  if given.out then
    chart:save(given.out)
    io.stderr:write("wrote ", given.out, "\n")
  else
    io.write(chart:svg())
  end
end
