-- Values as text for people: show(value) is what `assay repl` prints. Tables to depth 2 and 20 entries each,
-- on one line if it fits; tensors and other objects by their own text.
local WIDTH <const> = 100
local ENTRIES <const> = 20
local LETTERS <const> = 400

local show

local function quoted(text)
  local rest = ""
  if #text > LETTERS then
    text, rest = text:sub(1, LETTERS), (" ... (%d bytes)"):format(#text)
  end
  return ("%q"):format(text):gsub("\\\n", "\\n"):gsub("\r", "\\r") .. rest
end

local function function_text(f)
  local info = debug.getinfo(f, "S")
  return info.what == "C" and "function" or ("function at %s:%d"):format(info.short_src, info.linedefined)
end

local function key_text(key)
  if type(key) == "string" and key:find "^[%a_][%w_]*$" then
    return key
  end
  return ("[%s]"):format(show(key, 0, 0))
end

-- The entries' texts: the list first, then the other keys in the order of `pairs`.
local function entries(t, depth, indent)
  local texts, listed, others = {}, rawlen(t), 0
  for i = 1, math.min(listed, ENTRIES) do
    texts[i] = show(rawget(t, i), depth - 1, indent + 2)
  end
  for key, value in pairs(t) do
    if not (math.type(key) == "integer" and key >= 1 and key <= listed) then
      if #texts < ENTRIES then
        texts[#texts + 1] = key_text(key) .. " = " .. show(value, depth - 1, indent + 2)
      else
        others = others + 1
      end
    end
  end
  local more = math.max(listed - ENTRIES, 0) + others
  if more > 0 then
    texts[#texts + 1] = ("... %d more"):format(more)
  end
  return texts
end

local function table_text(t, depth, indent)
  if next(t) == nil then
    return "{}"
  elseif depth == 0 then
    return "{ ... }"
  end
  local texts = entries(t, depth, indent)
  local line = "{ " .. table.concat(texts, ", ") .. " }"
  if indent + utf8.len(line, 1, -1, true) <= WIDTH and not line:find "\n" then
    return line
  end
  local gap = "\n" .. (" "):rep(indent + 2)
  return "{" .. gap .. table.concat(texts, "," .. gap) .. "\n" .. (" "):rep(indent) .. "}"
end

--- One value as text; several lines for a large table.
---@param value any
---@param depth integer?   levels of tables that are opened, 2 if not said
---@param indent integer?  columns that are taken on its line
---@return string
function show(value, depth, indent)
  local kind, meta = type(value), debug.getmetatable(value)
  if kind == "string" then
    return quoted(value)
  elseif kind == "function" then
    return function_text(value)
  elseif kind == "table" and not (meta and rawget(meta, "__tostring")) then
    return table_text(value, depth or 2, indent or 0)
  end
  return tostring(value)
end

return show
