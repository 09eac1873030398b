-- What Tab does in `assay repl`: names of globals, fields and methods behind the text before the cursor.
local signatures = require "assay.signatures"

local words <const> = {
  "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if", "in", "local",
  "nil", "not", "or", "repeat", "return", "then", "true", "until", "while",
}

local function add_keys(t, names)
  for key in next, t do
    if type(key) == "string" then
      names[key] = true
    end
  end
end

-- All names behind a value, as keys of a set. What an __index function would find stands in the metatable's
-- __keys, or, for objects made in C, in the function's table of methods.
local function names_of(value)
  local names, met = {}, {}
  while value ~= nil and not met[value] do
    met[value] = true
    if type(value) == "table" then
      add_keys(value, names)
    end
    local meta = debug.getmetatable(value)
    if not meta then
      break
    end
    local index, keys = rawget(meta, "__index"), rawget(meta, "__keys")
    if type(index) == "function" and not keys then
      local _, methods = debug.getupvalue(index, 1)
      keys = debug.getinfo(index, "S").what == "C" and methods
    end
    if type(keys) == "table" then
      add_keys(keys, names)
    end
    add_keys(signatures.properties[rawget(meta, "__name")] or {}, names)
    value = type(index) == "table" and index or nil
  end
  return names
end

-- The value of a path such as { "as", "optim" }; nil when there is none.
local function value_at(path)
  local value = _G
  for _, name in ipairs(path) do
    local ok, field = pcall(function() return value[name] end)
    if not ok or field == nil then
      return nil
    end
    value = field
  end
  return value
end

-- The names that may stand where `fragment` does, sorted, and the part of the last one that is typed.
local function candidates(fragment)
  local path = {}
  local base, mark, typed = fragment:match "^(.-)([.:]?)([%w_]*)$"
  for name in base:gmatch "[%w_]+" do
    path[#path + 1] = name
  end
  local value = value_at(path)
  if value == nil or (mark == "") ~= (#path == 0) then
    return {}, typed
  end
  local found, names = {}, names_of(value)
  if mark == "" then
    for _, word in ipairs(words) do
      names[word] = true
    end
  end
  for name in pairs(names) do
    local hidden = name:sub(1, 1) == "_" and typed == ""
    if not hidden and name:sub(1, #typed) == typed and name:find "^[%a_][%w_]*$" then
      local ok, field = pcall(function() return value[name] end)
      if mark ~= ":" or ok and type(field) == "function" then
        found[#found + 1] = name
      end
    end
  end
  return found, typed
end

local function common_start(list)
  local start = list[1]
  for _, name in ipairs(list) do
    while name:sub(1, #start) ~= start do
      start = start:sub(1, -2)
    end
  end
  return start
end

local function in_columns(list, width)
  local wide, lines = 0, {}
  for _, name in ipairs(list) do
    wide = math.max(wide, #name + 2)
  end
  local across = math.max(1, width // wide)
  local down = (#list + across - 1) // across
  for row = 1, down do
    local line = {}
    for i = row, #list, down do
      line[#line + 1] = list[i] .. (" "):rep(wide - #list[i])
    end
    lines[row] = table.concat(line):gsub(" +$", "")
  end
  return table.concat(lines, "\n")
end

--- What to put behind the text before the cursor, or else which names to show.
---@param before string
---@param width integer  columns of the terminal
---@return string? insert
---@return string? show
local function complete(before, width)
  if before:find "^%s*$" then
    return "  "
  end
  local list, typed = candidates(before:match "[%a_][%w_.:]*$" or "?")
  if #list == 0 then
    return nil
  end
  local more = common_start(list):sub(#typed + 1)
  if more ~= "" then
    return more
  end
  return nil, #list > 1 and in_columns(list, width) or nil
end

return complete
