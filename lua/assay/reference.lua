-- docs/reference.md: what scripts can call, from the table of operations, assay.signatures and the comments
-- in lua/assay. Written by
--   assay script lua/assay/reference.lua > docs/reference.md
-- and compared with that by tests/lua/reference_spec.lua.
local core = require "assay.core"
local signatures = require "assay.signatures"

local out

local function put(format, ...)
  out[#out + 1] = select("#", ...) > 0 and format:format(...) or format
end

local function sorted(t)
  local keys = {}
  for key in pairs(t) do
    keys[#keys + 1] = key
  end
  return keys
end

---------------------------------------------------------------------- signatures

-- The names of parameters in "(a: T, b?: { c: integer }): T".
local function parameters(list)
  local names = {}
  for at, word in list:gmatch "()([%w_.]+%??):" do
    local before = list:sub(1, at - 1)
    local depth = select(2, before:gsub("[%({<]", "")) - select(2, before:gsub("[%)}>]", ""))
    if depth == 0 then
      names[#names + 1] = word
    end
  end
  return table.concat(names, ", ")
end

-- One line of a list: how it is called, what it gives if not one tensor, what it does.
local function entry(call, name, signature, text)
  local list, rest = (signature or ""):match "^(%b())(.*)$"
  if not list then
    error(("%s%s has no signature in assay.signatures"):format(call, name))
  end
  local result, own = rest:match "^(.-) | (.*)$"
  result = (result or rest):match "^:%s*(.*)$" or ""
  text = text or own or ""
  local gives = (result == "T" or result == "") and "" or " -> " .. result:gsub("%f[%w]T%f[%W]", "tensor")
  put("- `%s%s(%s)%s`%s", call, name, parameters(list:sub(2, -2)), gives, text == "" and "" or ": " .. text)
end

local function methods()
  local by_name = {}
  for _, op in ipairs(core.operations()) do
    by_name[op.name] = op
  end
  for _, name in ipairs(sorted(core.methods)) do
    local op = by_name[name]
    local own = signatures.methods[name]
    entry("x:", name, own or op and signatures.forms[op.form], not own and op and op.doc or nil)
  end
end

local function functions()
  local as = require "assay"
  for _, name in ipairs(sorted(as)) do
    local f = as[name]
    if type(f) == "function" and debug.getinfo(f, "S").what == "C" then
      entry("as.", name, signatures.functions[name])
    end
  end
end

---------------------------------------------------------------------- comments

-- Calls found(name, arguments, text, options) for what follows a comment of three dashes and matches one of
-- the patterns, in the order of the file.
local function comments(module, patterns, found)
  local text, options = {}, nil
  for line in io.lines(package.searchpath(module, package.path)) do
    local words = line:match "^%s*%-%-%-(.*)$"
    if words then
      local tag, rest = words:match "^@(%w+)%s*(.*)$"
      if tag == "param" then
        options = rest:match "^o%??%s+table%??%s+(.*)$" or options
      elseif tag == nil then
        if options and words:find "^%s%s" then
          options = options .. " " .. words:match "^%s*(.-)%s*$"
        else
          text[#text + 1] = words:match "^%s*(.-)%s*$"
        end
      end
    else
      for _, pattern in ipairs(patterns) do
        local name, arguments = line:match(pattern)
        if name and #text > 0 then
          found(name, arguments, table.concat(text, " "), options)
          break
        end
      end
      text, options = {}, nil
    end
  end
end

local function documented(prefix, module, ...)
  comments(module, { ... }, function(name, arguments, text, options)
    put("- `%s%s%s`: %s%s", prefix, name, type(arguments) == "string" and arguments or "", text,
      options and (text:find "%.$" and "" or ".") .. " Options: " .. options or "")
  end)
end

local parts <const> = { "embeddings", "attention", "blocks", "unet", "adapters", "average" }

local function networks()
  documented("nn.", "assay.nn", "^function nn%.([%w_]+)%(")
  for _, name in ipairs { "relu", "silu", "gelu", "tanh", "sigmoid", "softplus", "flatten" } do
    put("- `nn.%s`: %s", name, name == "flatten" and "all axes but the first as one" or "x:" .. name .. "()")
  end
  for _, part in ipairs(parts) do
    documented("nn.", "assay.nn." .. part, "^%s*function nn%.([%w_]+)%(")
  end
end

local function optimizers()
  local file = assert(io.open(package.searchpath("assay.optim", package.path)))
  local source = file:read "a"
  file:close()
  for kind, names in source:gmatch 'constructor%("(%w+)", (%b{})%)' do
    put("- `as.optim.%s`: over models, groups, tensors and lists of them. Options: lr = 1e-3, decay%s", kind,
      names:gsub('[{}"]', ""):gsub("^%s*(.-)%s*$", ", %1"))
  end
  for field, text in source:gmatch "%-%-%-@field ([%w_]+) [^\n]-  +(%S[^\n]+)" do
    put("- `opt%s%s`: %s", source:find("@field " .. field .. " fun", 1, true) and ":" or ".", field, text)
  end
  documented("as.optim.", "assay.optim", "^function optim%.([%w_]+)%(")
end

--- The page's text.
---@return string
local function page()
  out = {}
  put "# Reference"
  put ""
  put "Written from the table of operations and the comments in the sources by `assay script"
  put "lua/assay/reference.lua`. Number arguments count from 1, and from -1 backwards: axes, `t[i]`,"
  put "slices (both ends included). What is inside a tensor counts from 0: labels, indices, places. `?`"
  put "marks what may be left out. Where nothing else is said an operation takes any strides, broadcasts"
  put "from the right, works in f32 and f64, gives a new tensor, and has gradients of every order."
  put "Reductions drop their axes unless `x:sum { 2, keep = true }` says otherwise; without an axis they"
  put "are over everything."
  put "\n## Tensors\n"
  methods()
  put "\n## Functions\n"
  put "Those that draw random numbers take sizes one by one or as a list that carries options: `as.randn"
  put "{ 64, 10, stream = \"noise\", dtype = \"f64\" }`. `stream` names the counter they draw from,"
  put "\"script\" if there is none; `items = i64[B]` gives each place of the first axis the stream of its"
  put "own item, whatever stands beside it.\n"
  functions()
  put "\n## Data and metrics\n"
  put "Of `as.data { x = ..., y = ... }`, of a data set's split, and of a model on one.\n"
  documented("data:", "assay.data", "^function Data:([%w_]+)(%b())")
  documented("as.metrics.", "assay.metrics", "^function metrics%.([%w_]+)(%b())")
  put "\n## Networks\n"
  put "Each takes one table: `nn.linear { 784, 128, bias = false }`. `name` is what a layer is called in"
  put "its model.\n"
  networks()
  put "\nA network:\n"
  documented("net:", "assay.module", "^function Module:([%w_]+)(%b())")
  put "\nFirst weights, of a tensor or of every layer of a model:\n"
  documented("nn.init.", "assay.nn.init", "^init%.([%w_]+) = ")
  put "\n## Optimizers and schedules\n"
  optimizers()
  documented("as.optim.", "assay.schedule", "^function schedule%.([%w_]+)%(", "^between%(\"([%w_]+)\"")
  put "\n## Shared pieces of experiments\n"
  put "Each is a module of its own: `local distance = require \"assay.distance\"`.\n"
  documented("distance.", "assay.distance", "^function distance%.([%w_]+)%(")
  documented("augment.", "assay.augment", "^function augment%.([%w_]+)%(")
  documented("probe.", "assay.probe", "^function probe%.([%w_]+)%(")
  documented("denoiser.", "assay.denoiser", "^function denoiser%.([%w_]+)%(")
  documented("", "assay.teacher", "^local function (teacher)%(")
  documented("", "assay.mixture", "^local function (mixture)%(")
  return table.concat(out, "\n") .. "\n"
end

if ... == "assay.reference" then
  return page
end
io.write(page())
