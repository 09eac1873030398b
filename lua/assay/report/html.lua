-- HTML as Lua: h.p { class = "note", "text", h.b { "more" } }. Every text is escaped; what an element gives
-- is not escaped again.
local svg = require "assay.plot.svg"

local Raw = {}
Raw.__index = Raw
function Raw:__tostring()
  return self.text
end

local html = {}

--- Text that is HTML already.
function html.raw(text)
  return setmetatable({ text = text }, Raw)
end

local empty <const> = { img = true, meta = true, link = true, br = true, col = true }

-- Strings and numbers are escaped, lists are gone through, nil and false are nothing.
local function put(out, value)
  if getmetatable(value) == Raw then
    out[#out + 1] = value.text
  elseif type(value) == "table" then
    for i = 1, #value do
      put(out, value[i])
    end
  elseif value then
    out[#out + 1] = svg.escape(value)
  end
end

--- Several things one after another.
function html.join(list)
  local out = {}
  put(out, list)
  return html.raw(table.concat(out))
end

local function element(name, content)
  local out = { "<", name }
  for key, value in pairs(content) do
    if type(key) == "string" and value then
      out[#out + 1] = value == true and " " .. key or (' %s="%s"'):format(key, svg.escape(value))
    end
  end
  out[#out + 1] = ">"
  if not empty[name] then
    for i = 1, #content do
      put(out, content[i])
    end
    out[#out + 1] = ("</%s>"):format(name)
  end
  return html.raw(table.concat(out))
end

--- A table: heads, rows of cells; numeric columns by their place. Of class "cards" it is a list of cards on a
--- narrow screen, each cell behind its head.
function html.table(heads, rows, numeric, class)
  local head, body = {}, {}
  for i, name in ipairs(heads) do
    head[i] = html.th { scope = "col", class = numeric and numeric[i] and "number", name }
  end
  for i, row in ipairs(rows) do
    local cells = {}
    for k = 1, #heads do
      local cell = row[k] or ""
      local head_of = cell ~= "" and heads[k]
      cells[k] = html.td { class = numeric and numeric[k] and "number", ["data-head"] = head_of, cell }
    end
    body[i] = html.tr { html.join(cells) }
  end
  return html.div { class = "scroll", html.table_element { class = class,
    html.thead { html.tr { html.join(head) } }, html.tbody { html.join(body) } } }
end

function html.table_element(content)
  return element("table", content)
end

return setmetatable(html, {
  __index = function(_, name)
    html[name] = function(content)
      return element(name, type(content) == "table" and getmetatable(content) ~= Raw and content
        or { content })
    end
    return html[name]
  end,
})
