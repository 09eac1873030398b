-- `assay repl`: reads Lua, runs it, prints values. The lines and the calls that Ctrl-C interrupts are C's
-- (core/worker/repl.c).
local show = require "assay.show"

---@class assay.Console
---@field interactive boolean  someone sits at a terminal
---@field version string
---@field bad string           begins the colour of errors, or ""
---@field plain string         ends it
---@field read fun(prompt: string): string|false|nil  a line; nil at the end; false after Ctrl-C
---@field remember fun(line: string)                  into the history
---@field run fun(f: function): boolean, ...          its results, or false and the text of the error

local repl = { complete = require "assay.complete" }

local HELP <const> = [[
as.tensor { 1, 2, 3 }         a tensor; as.randn(2, 3), as.zeros(4), as.i64 { 0, 1 } are others
x:sum(), x * 2 + 1, x:exp()   operations; Tab after x: lists them
nn.linear { 4, 2 }            a layer; nn.seq { ... } puts several in a row
as.loss { "cross_entropy" }   a plugin; `assay plugins list` names them
dofile "x.lua"                a script
A `local` at the beginning of a line makes a global here, so that the next line still knows it.
Ctrl-C stops a computation, Ctrl-D leaves.]]

-- Lines of a pipe are counted through, as in a file; typed ones from 1 for each command.
local function compile(console, text, line)
  local name, gap = "=input", ""
  if not console.interactive then
    name, gap = "=stdin", ("\n"):rep(line - 1)
  end
  local f = load(gap .. "return " .. text, name, "t")
  if f then
    return f
  end
  -- a leading local would be forgotten with the line
  text = text:gsub("^%s*local%s+(function%s)", "%1"):gsub("^%s*local%s+([%a_][%w_%s,]*=[^=])", "%1")
  return load(gap .. text, name, "t")
end

-- A whole command, of several lines where one is not enough: its function, or nil and what is wrong with it.
-- False at the end of the input.
local function read_command(console, line)
  local text
  while true do
    local more = console.read(text and ">> " or "> ")
    if more == false then
      io.write "\n"
      return nil, nil, line
    elseif more == nil and not text then
      return false
    end
    line = more and line + 1 or line
    text = text and more and text .. "\n" .. more or text or more
    if more and more:find "%S" then
      console.remember(more)
    end
    local first = line - select(2, text:gsub("\n", ""))
    local f, problem = compile(console, text, first)
    if f or not more or not problem:find "<eof>$" then
      return f, problem, line
    end
  end
end

local function print_values(values)
  local texts, broken = {}, false
  for i = 1, values.n do
    texts[i] = show(values[i])
    broken = broken or texts[i]:find "\n"
  end
  if values.n > 0 then
    io.write(table.concat(texts, broken and "\n" or "   "), "\n")
  end
end

-- Words that are no Lua and that people try.
local function asides()
  return setmetatable({}, {
    __name = "help",
    __tostring = function()
      return HELP
    end,
  })
end

--- Talks until the input ends.
---@param console assay.Console
---@return boolean  whether there was no error
function repl.run(console)
  local good, line = true, 0
  local function complain(problem)
    good = false
    io.stdout:flush()
    io.stderr:write(console.bad, problem, console.plain, "\n")
  end
  _G.as, _G.nn, _G.help = require "assay", require "assay.nn", asides()
  if console.interactive then
    print(("assay %s, Lua 5.4: `as` and `nn` are loaded; help says more, Ctrl-D leaves"):format(
      console.version))
  end
  while true do
    local f, problem
    f, problem, line = read_command(console, line)
    if f == false then
      break
    elseif problem then
      complain(problem)
    elseif f then
      local ok, text = console.run(function()
        print_values(table.pack(f()))
      end)
      if not ok then
        complain(text)
      end
    end
  end
  if console.interactive then
    print()
  end
  return good or console.interactive
end

return repl
