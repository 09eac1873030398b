-- Pictures: as.plot.curves { ... }:save "x.svg". Every function gives a chart; a chart is saved as SVG or
-- PNG.
local core = require "assay.core"

local plot = {}

local kinds = { "curves", "bars", "scatter", "histogram", "heat", "images", "density", "panels" }

return setmetatable(plot, {
  __keys = kinds,
  __index = function(_, name)
    for _, kind in ipairs(kinds) do
      if kind == name then
        local made = require("assay.plot." .. name)
        plot[name] = type(made) == "table" and made.chart or made -- a table: parts that other kinds use
        return plot[name]
      end
    end
    core.fail(('as.plot has no "%s"%s'):format(tostring(name), core.suggest(tostring(name), kinds)))
  end,
})
