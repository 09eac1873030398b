-- Charts: what an SVG says is parsed, what a PNG shows is read back pixel by pixel.
local as = require "assay"
local scale = require "assay.plot.scale"
local svg = require "assay.plot.svg"
local text = require "assay.plot.text"
local plot = as.plot

local nan <const> = 0 / 0

-- A reader of XML that refuses what is not well-formed: gives the elements in order, { name, attributes,
-- text }.
local function parse(xml)
  local elements, open, at = {}, {}, 1
  local function values_of(body)
    local attributes = {}
    local rest = body:gsub('%s+([%w:_-]+)="([^"<]*)"', function(name, value)
      assert(attributes[name] == nil, "attribute twice: " .. name)
      assert(not value:gsub("&%w+;", ""):gsub("&#%d+;", ""):find "&", "bare & in " .. value)
      attributes[name] = value
      return ""
    end)
    assert(not rest:find "%S", "not an attribute: " .. rest)
    return attributes
  end
  while at <= #xml do
    local from, to, slash, name, body, empty = xml:find('<(/?)([%a]+)(.-)(/?)>', at)
    local between = xml:sub(at, (from or #xml + 1) - 1)
    assert(not between:find ">" and not between:gsub("&%w+;", ""):gsub("&#%d+;", ""):find "&", "bad text: "
      .. between)
    if #open > 0 then
      open[#open].text = open[#open].text .. between
    else
      assert(not between:find "%S", "text outside the root")
    end
    if not from then
      break
    end
    if slash == "/" then
      assert(open[#open] and open[#open].name == name, "closes what is not open: " .. name)
      open[#open] = nil
    else
      local element = { name = name, attributes = values_of(body), text = "" }
      elements[#elements + 1] = element
      if empty == "" then
        open[#open + 1] = element
      end
    end
    at = to + 1
  end
  assert(#open == 0, "left open")
  assert(utf8.len(xml), "not UTF-8")
  return elements
end

-- The texts of a chart; all of them at least 12 pixels, within the picture, and no number that is none.
local function texts(chart)
  local xml = chart:svg()
  local out = {}
  for _, e in ipairs(parse(xml)) do
    for name, value in pairs(e.attributes) do
      if name ~= "aria-label" and name ~= "href" then
        assert(not value:lower():find "nan" and not value:lower():find "inf", e.name .. " " .. name .. " "
          .. value)
      end
    end
    if e.name == "text" then
      assert(tonumber(e.attributes["font-size"]) >= 12, e.text)
      local x, wide = tonumber(e.attributes.x), text.width(e.text:gsub("&%w+;", "&"),
        e.attributes["font-size"])
      local from = ({ middle = x - wide / 2, ["end"] = x - wide })[e.attributes["text-anchor"]] or x
      local inside = from >= -1 and from + wide <= chart.width + 1
      assert(inside, e.text .. " leaves the picture")
      out[#out + 1] = e.text
    end
  end
  return out
end

local function has(list, wanted)
  for _, item in ipairs(list) do
    if item == wanted then
      return true
    end
  end
  error(("%q is not among %s"):format(wanted, table.concat(list, " | ")), 2)
end

local function elements(chart, name)
  local out = {}
  for _, e in ipairs(parse(chart:svg())) do
    if e.name == name then
      out[#out + 1] = e
    end
  end
  return out
end

describe("svg", function()
  it("escapes what scripts name things", function()
    assert.equal("&lt;a b=&quot;c&#39;&quot;&gt;&amp;", svg.escape "<a b=\"c'\">&")
    assert.equal("x\u{FFFD}y", svg.escape "x\1y")
    assert.equal("a\u{FFFD}b", svg.escape "a\xffb")
    local c = plot.bars { title = "<script>alert('1')</script>", { name = "]]>&amp;\0", value = 1 } }
    has(texts(c), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;")
    has(texts(c), "]]&gt;&amp;amp;\u{FFFD}")
  end)

  it("writes numbers short", function()
    assert.equal("10", svg.number(10))
    assert.equal("100", svg.number(100.001))
    assert.equal("0.5", svg.number(0.5))
    assert.equal("0", svg.number(-0.001))
    assert.equal("-1.25", svg.number(-1.25))
  end)
end)

describe("ticks", function()
  local function labels(low, high, most, log)
    local _, out = scale.ticks({ low = low, high = high, log = log }, most)
    return table.concat(out, " ")
  end

  it("are round", function()
    assert.equal("0.0 0.2 0.4 0.6 0.8 1.0", labels(0, 1, 6))
    assert.equal("-10 0 10 20", labels(-13, 22, 5))
    assert.equal("1000000.00 1000000.05 1000000.10", labels(999999.99, 1000000.11, 4))
    assert.equal("0 1e-8 2e-8", labels(0, 2.2e-8, 3))
    assert.equal("0 5.0e299 1.0e300", labels(0, 1e300, 3))
    assert.equal("-1e300 0 1e300", labels(-1e300, 1e300, 3))
  end)

  it("are decades where the axis is of logarithms", function()
    assert.equal("0.001 0.01 0.1 1 10", labels(1e-3, 10, 6, true))
    assert.equal("1 2 5 10", labels(1, 10, 6, true))
    assert.equal("1e-200 1 1e200", labels(1e-300, 1e300, 5, true))
  end)
end)

describe("curves", function()
  it("show mean and 95 % band of rows", function()
    -- columns 1 3 and 2 4: means 2 and 3, half widths t(1) s / sqrt(2) = 12.706 * 1
    local c = plot.curves { { name = "a", y = as.tensor { { 1, 2 }, { 3, 4 } } }, y_range = { -12, 18 } }
    has(texts(c), "a")
    local paths = elements(c, "path")
    assert.equal(2, #paths)
    local y0, y1 = paths[2].attributes.d:match "^M[%d.]+ ([%d.]+)L[%d.]+ ([%d.]+)$"
    local low = paths[1].attributes.d:match "^M[%d.]+ ([%d.]+)"
    local unit = y0 - y1 -- pixels of 1
    assert.near(12.706, (low - y0) / unit, 0.05)
  end)

  it("break where a value is NaN and say how many are", function()
    local c = plot.curves { { y = { 1, 2, nan, 4, 5, nan, 3 } } }
    has(texts(c), "2 of 7 values are NaN or infinite: not shown")
    assert.equal(2, #elements(c, "path"))
    assert.equal(1, #elements(c, "circle")) -- the 3 alone
  end)

  it("say that there is nothing", function()
    has(texts(plot.curves {}), "no values")
    has(texts(plot.curves { { name = "a", y = {} } }), "no values")
    has(texts(plot.curves { { y = { nan, nan } } }), "none of the values can be shown")
    has(texts(plot.curves { { y = { 0, -1 } }, log_y = true }), "none of the values can be shown")
    has(texts(plot.curves { { y = { 0, 1, 10 } }, log_y = true }),
      "1 of 3 values are NaN, infinite or not above 0: not shown")
  end)

  it("take one point, huge and tiny ranges", function()
    for _, y in ipairs { { 5 }, { 0 }, { 1e308, -1e308 }, { 1e299, -1e299 }, { 1e-300, 2e-300 }, { 1e9,
      1e9 + 1 },
      { -1e-320, 1e-320 }, { math.huge, 1 }, { 7, 7, 7 } } do
      for _, log in ipairs { false, true } do
        assert.is_true(#texts(plot.curves { { y = y }, log_y = log }) >= 2)
      end
    end
    texts(plot.curves { { x = { 1, 1e300 }, y = { 1, 2 } }, log_x = true })
  end)

  it("have few points however many values", function()
    local c = plot.curves { { y = as.rand { 100000 } } }
    assert.is_true(#c:svg() < 120000)
    local d = elements(c, "path")[1].attributes.d
    local lowest = 0
    for y in d:gmatch "[ML][%d.]+ ([%d.]+)" do
      lowest = math.max(lowest, tonumber(y))
    end
    assert.is_true(lowest > 350) -- the smallest values are still there
  end)

  it("refuse what they cannot read", function()
    assert.error_matches(function() plot.curves { { y = "a" } } end,
      "plot_spec.lua:%d+: plot.curves: y is a string, expected a tensor or a list of numbers")
    assert.error_matches(function() plot.curves { { y = { 1, true } } } end,
      "y%[2%] is a boolean, expected a number")
    assert.error_matches(function() plot.curves { { x = { 1 }, y = { 1, 2 } } } end,
      "1 values of x and 2 of y")
    assert.error_matches(function() plot.curves { titel = "a" } end,
      'no option "titel"; did you mean "title"%?')
    assert.error_matches(function() plot.curves { y_range = { 2, 1 } } end, "y_range is { 2, 1 }, expected")
    assert.error_matches(function() plot.curves { width = 10 } end,
      "width is 10, expected a whole number from 200")
    assert.error_matches(function() plot.curve {} end, 'as.plot has no "curve"; did you mean "curves"%?')
    assert.error_matches(function() plot.curves { band = "sd" } end, "band is sd, expected")
    assert.error_matches(function() plot.curves {}:save "x.jpg" end, '"x.jpg" ends in neither .svg nor .png')
    assert.error_matches(function() plot.curves {}:save "/nowhere/x.svg" end,
      "cannot write /nowhere/x.svg: No such")
  end)
end)

describe("bars", function()
  it("show the mean, its interval and the values", function()
    local c = plot.bars { { name = "old", values = { 1, 2, 3 } }, { name = "new", value = 4, low = 3.5,
      high = 4.5 } }
    has(texts(c), "old")
    has(texts(c), "new")
    assert.equal(3, #elements(c, "circle"))
    -- t(2) = 4.3027, s / sqrt(3) = 0.57735: 2 -+ 2.4841
    local old
    for _, e in ipairs(elements(c, "line")) do
      local x1, x2 = tonumber(e.attributes.x1), tonumber(e.attributes.x2)
      if x2 - x1 > 100 and e.attributes["stroke-width"] == "2" then
        old = old or x2 - x1
      end
    end
    local bars = elements(c, "rect")
    local unit = (bars[3].attributes.width - bars[2].attributes.width) / 2 -- from 2 to 4
    assert.near(2 * 2.4841, old / unit, 0.02)
  end)

  it("give way to points where zero is not in the picture", function()
    local c = plot.bars { { name = "a", value = 0.9 }, range = { 0.8, 1 } }
    assert.equal(1, #elements(c, "rect")) -- the ground
    assert.equal(1, #elements(c, "circle"))
  end)

  it("say what has no number", function()
    local c = plot.bars { { name = "a", values = {} }, { name = "b", values = { nan } }, { name = "c",
      value = 1 } }
    has(texts(c), "no values")
    has(texts(c), "NaN or infinite")
    has(texts(plot.bars {}), "no values")
    assert.error_matches(function() plot.bars { { name = "a" } } end,
      "a: value is not given, expected a number")
  end)

  it("shorten names, not the picture", function()
    local long = ("very long name "):rep(20)
    texts(plot.bars { title = long, x_label = long, y_label = long, notes = long, width = 320,
      { name = long, group = long, value = 1 } })
  end)
end)

describe("scatter", function()
  it("has a mark of its own for each series", function()
    local c = plot.scatter { { name = "a", points = as.tensor { { 0, 0 }, { 1, 1 } } }, { name = "b",
      x = { 2 }, y = { 0 } } }
    has(texts(c), "a")
    has(texts(c), "b")
    local paths = elements(c, "path") -- two swatches, two series
    assert.equal(4, #paths)
    assert.matches("^M%S+ %S+h0M%S+ %S+h0$", paths[3].attributes.d)
    assert.matches("Z$", paths[4].attributes.d)
  end)

  it("keeps units equal where asked", function()
    local c = plot.scatter { { x = { 0, 10 }, y = { 0, 1 } }, equal = true, width = 400 }
    local x1, y1, x2, y2 = elements(c, "path")[1].attributes.d:match "M(%S+) (%S+)h0M(%S+) (%S+)h0"
    assert.near(10, (x2 - x1) / (y1 - y2), 1.5)
  end)

  it("counts what cannot be shown", function()
    has(texts(plot.scatter { { x = { 1, nan }, y = { 1, 1 } } }),
      "1 of 2 values are NaN or infinite: not shown")
    has(texts(plot.scatter {}), "no points")
    has(texts(plot.scatter { { points = as.zeros(0, 2) } }), "no points")
    assert.error_matches(function() plot.scatter { { points = as.zeros(3, 3) } } end,
      "points is f32%[3,3%], expected %[n,2%]")
  end)
end)

describe("histogram", function()
  it("shows shares", function()
    local c = plot.histogram { { values = { 0, 0, 0, 1 } }, bins = 2, height = 400 }
    local d = elements(c, "path")[1].attributes.d
    local zero = d:match "^M%S+ ([%d.]+)"
    local y = {}
    for v in d:gmatch "L%S+ ([%d.]+)" do
      y[#y + 1] = zero - v
    end
    assert.near(3, y[1] / y[3], 0.02) -- 3 of 4 against 1 of 4
  end)

  it("takes anything", function()
    has(texts(plot.histogram {}), "no values")
    has(texts(plot.histogram { { name = "a", values = { nan } } }), "none of the values can be shown")
    texts(plot.histogram { { values = { 3, 3, 3 } } })
    texts(plot.histogram { { values = { -1e300, 1e300 } } })
    texts(plot.histogram { { values = as.randn { 4, 5 } } })
  end)
end)

describe("heat, images and densities", function()
  it("name rows and columns", function()
    local c = plot.heat { { { 1, 2 }, { nan, 4 } }, rows = { "r1", "r2" }, columns = { "c1", "c2" },
      numbers = true }
    for _, label in ipairs { "r1", "r2", "c1", "c2", "1", "2", "4", "NaN" } do
      has(texts(c), label)
    end
    has(texts(c), "1 of 4 values are NaN or infinite: not shown")
    assert.equal(2, #elements(c, "image"))
    assert.error_matches(function() plot.heat { as.zeros(2, 2), rows = { "a" } } end,
      "1 names of rows, the values have 2")
    assert.error_matches(function() plot.heat { as.zeros(2, 2), map = "viridi" } end,
      'did you mean "viridis"%?')
    assert.error_matches(function() plot.heat { as.zeros(2) } end, "values is f32%[2%], expected %[h,w%]")
  end)

  it("take empty and flat tensors", function()
    has(texts(plot.heat { as.zeros(0, 3) }), "no values")
    has(texts(plot.images { as.zeros(0, 3, 3) }), "no images")
    has(texts(plot.density { samples = as.zeros(0, 2), x_range = { 0, 1 }, y_range = { 0, 1 } }),
      "no samples")
    texts(plot.heat { as.zeros(3, 3) })
    texts(plot.heat { as.full(nan, 3, 3) })
    texts(plot.images { as.zeros(2, 3, 3), labels = { "a", "b" } })
    texts(plot.density { samples = as.zeros(1, 2) })
    assert.error_matches(function() plot.images { as.zeros(1, 2, 3, 3) } end, "expected one channel or three")
  end)

  it("show a log density on the grid of the picture", function()
    local seen
    plot.density { log_density = function(p)
      seen = p:shape()
      return p:square():sum { 2 } * -1
    end, x_range = { -1, 1 }, y_range = { -2, 2 }, samples = as.zeros(1, 2) }:svg()
    assert.same({ 14400, 2 }, seen)
    assert.error_matches(function() plot.density { log_density = function() return as.zeros(3) end,
      x_range = { 0, 1 },
      y_range = { 0, 1 } } end, "log_density gave f32%[3%], expected %[14400%]")
    assert.error_matches(function() plot.density {} end, "without samples it needs x_range and y_range")
  end)

  it("stand side by side", function()
    local one = plot.images { as.rand(2, 2, 2), width = 300, title = "one" }
    local c = plot.panels { one, one, one, columns = 2, title = "all" }
    assert.equal(600, c.width)
    has(texts(c), "one")
    has(texts(c), "all")
    assert.error_matches(function() plot.panels { 3 } end, "%[1%] is a number, expected a chart")
  end)
end)

describe("a picture", function()
  local has_png = pcall(require, "assay.png")

  it("has the same bytes each time", function()
    local function make()
      return plot.curves { title = "t", { name = "a", y = { 1, 3, 2 } }, { name = "b", y = { 2, 2, 2 } } }
    end
    assert.equal(make():svg(), make():svg())
    if has_png then
      assert.equal(make():png(), make():png())
    end
  end)

  it("as PNG has twice the chart's size and shows its colours", function()
    if not has_png then
      return pending "librsvg is not there"
    end
    local folder = os.tmpname()
    os.remove(folder)
    os.execute("mkdir -p " .. folder)
    plot.heat { as.tensor { { 0, 1 } }, map = "grey", width = 400, height = 200,
      title = "Wide" }:save(folder .. "/a.png")
    local x = as.read_images(folder) -- [1,C,400,800]
    os.execute("rm -r " .. folder)
    assert.same({ 400, 800 }, { x:size(3), x:size(4) })
    -- a cell of 0 is black, one of 1 white; pixels are squares, so both are whole up to the middle
    local row = x:slice(1, 1, 1):slice(2, 1, 1):slice(3, 200, 200):reshape(800):tolist()
    local dark = 0
    for _, v in ipairs(row) do
      dark = dark + (v < 0.01 and 1 or 0)
    end
    assert.near(300, dark, 25)
    assert.is_true(x:slice(3, 10, 40):min():item() < 0.3) -- letters of the title
  end)

  it("is never half written", function()
    local path = os.tmpname() .. ".svg"
    plot.bars { { name = "a", value = 1 } }:save(path)
    local file = assert(io.open(path))
    assert.matches("</svg>\n$", file:read "a")
    file:close()
    assert.is_nil(io.open(path .. ".tmp"))
    os.remove(path)
  end)
end)
