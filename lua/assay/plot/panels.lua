-- Several charts as one picture.
local chart = require "assay.plot.chart"
local core = require "assay.core"
local frame = require "assay.plot.frame"
local options = require "assay.options"

local WHAT <const> = "plot.panels"

--- Charts side by side, `columns` in a row; each keeps its shape, scaled down in size but not in text: make
--- them as wide as they shall be.
---@param o table
---@return assay.Chart
return function(o)
  options.check(WHAT, o, { "columns", "title" })
  local columns = options.count(WHAT, o.columns, "columns", 1, 2)
  local rows, width, height = {}, 0, o.title and 34 or 0
  for i, each in ipairs(o) do
    if type(each) ~= "table" or type(each.draw) ~= "function" then
      core.fail(("%s: [%d] is a %s, expected a chart"):format(WHAT, i, type(each)))
    end
    local row = rows[(i - 1) // columns + 1] or { width = 0, height = 0 }
    rows[(i - 1) // columns + 1] = row
    row[#row + 1] = each
    row.width, row.height = row.width + each.width, math.max(row.height, each.height)
    width = math.max(width, row.width)
  end
  if #rows == 0 then
    core.fail(WHAT .. ": no charts")
  end
  for _, row in ipairs(rows) do
    height = height + row.height
  end
  return chart.new({ title = o.title, width = width, height = height }, "charts", height, function(canvas)
    local top = 0
    if o.title then
      canvas:text(12, 26, o.title, { size = frame.TITLE + 1, weight = "bold" })
      top = 34
    end
    for _, row in ipairs(rows) do
      local left = 0
      for _, each in ipairs(row) do
        canvas:open("g", { transform = ("translate(%d,%d)"):format(left, top) })
        each.draw(canvas, each.width, each.height)
        canvas:close "g"
        left = left + each.width
      end
      top = top + row.height
    end
  end)
end
