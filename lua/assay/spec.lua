-- Runs specs: assay script lua/assay/spec.lua FILE... ; each file is written as for busted and runs
-- under it unchanged. Prints every failure with its place, then one line of counts and a line for each test
-- that is pending, with the reason it gave. Exit code 1 when something failed or there was nothing to run, 77
-- (skipped) when all there was is pending.
local passed, failed = 0, 0
local pending_lines = {}
local path = {} -- names of the blocks we are in
local hooks = {} -- one { before = {...}, after = {...} } a block
local here = debug.getinfo(1, "S").source

-- "tests/lua/x_spec.lua:12" of the innermost line that is not ours.
local function place(level)
  for i = level, 64 do
    local info = debug.getinfo(i, "Sl")
    if not info then
      return "?"
    end
    if info.source ~= here and info.currentline > 0 then
      return info.short_src .. ":" .. info.currentline
    end
  end
end

---------------------------------------------------------------------- values

local function show(value)
  if type(value) == "string" then
    return ("%q"):format(value):gsub("\\\n", "\\n")
  elseif math.type(value) == "float" then
    return ("%.9g"):format(value)
  elseif type(value) ~= "table" or getmetatable(value) then
    return tostring(value)
  end
  local parts = {}
  for k, v in pairs(value) do
    parts[#parts + 1] = math.type(k) == "integer" and show(v) or ("%s = %s"):format(k, show(v))
    if #parts == 20 then
      parts[21] = "..."
      break
    end
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function same(a, b)
  if a == b then
    return true
  elseif type(a) ~= "table" or type(b) ~= "table" then
    return false
  end
  for k, v in pairs(a) do
    if not same(v, b[k]) then
      return false
    end
  end
  for k in pairs(b) do
    if a[k] == nil then
      return false
    end
  end
  return true
end

---------------------------------------------------------------------- assertions

-- Each gives nil when all is well, else what is wrong.
local checks = {}

function checks.equal(expected, actual)
  if expected ~= actual then
    return ("expected %s, found %s"):format(show(expected), show(actual))
  end
end

function checks.same(expected, actual)
  if not same(expected, actual) then
    return ("expected %s, found %s"):format(show(expected), show(actual))
  end
end

function checks.near(expected, actual, tolerance)
  local off = math.abs(expected - actual)
  if off > tolerance or off ~= off then
    return ("expected %.9g within %g, found %.9g"):format(expected, tolerance, actual)
  end
end

function checks.matches(pattern, actual, init, plain)
  if type(actual) ~= "string" or not actual:find(pattern, init, plain) then
    return ("expected something like %s, found %s"):format(show(pattern), show(actual))
  end
end

function checks.error(f, expected)
  local ok, message = pcall(f)
  if ok then
    return "expected an error, there was none"
  elseif expected ~= nil and not same(message, expected) and
      not (type(message) == "string" and message:gsub("^[^\n]-:%d+: ", "", 1) == expected) then
    return ("expected the error %s, found %s"):format(show(expected), show(message))
  end
end

function checks.error_matches(f, pattern, init, plain)
  local ok, message = pcall(f)
  if ok then
    return "expected an error, there was none"
  end
  return checks.matches(pattern, tostring(message), init, plain)
end

-- What the negation of `error` tells when it fails: the message.
local function no_error(f)
  local ok, message = pcall(f)
  if not ok then
    return "expected no error, found " .. show(message)
  end
end

checks["true"] = function(value)
  return checks.equal(true, value)
end

checks["false"] = function(value)
  return checks.equal(false, value)
end

checks["nil"] = function(value)
  return checks.equal(nil, value)
end

function checks.truthy(value)
  if not value then
    return "expected something true, found " .. show(value)
  end
end

function checks.falsy(value)
  if value then
    return "expected nil or false, found " .. show(value)
  end
end

for _, name in ipairs { "number", "string", "table", "function", "userdata", "boolean" } do
  checks[name] = function(value)
    if type(value) ~= name then
      return ("expected a %s, found %s"):format(name, show(value))
    end
  end
end

checks.equals, checks.errors, checks.match = checks.equal, checks.error, checks.matches

-- luassert's sentences: `are`, `is`, `has` say nothing, `no` and `not` turn the check round.
-- assert.is_not_nil, assert.has_no_error and assert.are.equal are all looked up here, word by word.
local empty_words = { are = true, is = true, has = true, be = true }

local function assertion(check, negated)
  if negated and check == checks.error then
    check, negated = no_error, false
  end
  return function(...)
    local wrong = check(...)
    if negated then
      local found = select(select("#", ...) > 1 and 2 or 1, ...)
      wrong = not wrong and "expected anything but " .. show(found)
    end
    if wrong then
      error({ spec = true, text = wrong, place = place(3) }, 0)
    end
    return ...
  end
end

local sentence

local function resolve(words, negated)
  while true do
    if checks[words] then
      return assertion(checks[words], negated)
    end
    local word, rest = words:match "^(%l+)_?(.*)$"
    if word == "no" or word == "not" then
      negated = not negated
    elseif not empty_words[word] then
      return nil
    end
    if rest == "" then
      return sentence(negated)
    end
    words = rest
  end
end

function sentence(negated)
  return setmetatable({}, {
    __index = function(_, words)
      return resolve(words, negated) or error("spec: no assertion \"" .. words .. "\"", 2)
    end,
    __call = function(_, value, message, ...)
      if not value then
        error(message or { spec = true, text = "assertion failed", place = place(3) }, 0)
      end
      return value, message, ...
    end,
  })
end

---------------------------------------------------------------------- blocks

local function report(name, problem)
  failed = failed + 1
  local text, where = tostring(problem), ""
  if type(problem) == "table" and problem.spec then
    text, where = problem.text, problem.place .. ": "
  end
  print(("FAILED %s\n  %s%s"):format(name, where, text:gsub("\n", "\n  ")))
end

-- Keeps our own failures as they are; gives others a place when they bring none, and the stack if asked for.
local function handle(problem)
  if type(problem) == "table" and problem.spec then
    return problem
  end
  local text = tostring(problem)
  if not text:find "^[^\n]-:%d+:" then
    text = place(3) .. ": " .. text
  end
  return os.getenv "ASSAY_TRACEBACK" and debug.traceback(text, 2) or text
end

local function run_hooks(which)
  for i = 1, #hooks do
    for _, f in ipairs(hooks[which == "before" and i or #hooks + 1 - i][which]) do
      f()
    end
  end
end

-- pending("no network"): ends the test it stands in, which then neither passed nor failed; between tests it
-- is one of its own.
local in_test = false

local function put_off(reason)
  local text = tostring(reason):gsub("^[^\n]-:%d+: ", ""):gsub("\n", " ") -- an error's, without its place
  pending_lines[#pending_lines + 1] = ("PENDING %s: %s"):format(table.concat(path, " "), text)
end

local function pending(reason)
  if in_test then
    error({ spec = true, pending = reason or "no reason given" }, 0)
  end
  put_off(reason or "no reason given")
end

local function it(name, f)
  path[#path + 1] = name
  in_test = true
  local ok, problem = xpcall(function()
    run_hooks "before"
    f()
  end, handle)
  local after_ok, after_problem = xpcall(run_hooks, handle, "after")
  in_test = false
  if ok and after_ok then
    passed = passed + 1
  elseif after_ok and type(problem) == "table" and problem.pending then
    put_off(problem.pending)
  else
    report(table.concat(path, " "), ok and after_problem or problem)
  end
  path[#path] = nil
end

local function describe(name, f)
  path[#path + 1] = name
  hooks[#hooks + 1] = { before = {}, after = {} }
  local ok, problem = xpcall(f, handle)
  if not ok then
    report(table.concat(path, " "), problem)
  end
  hooks[#hooks] = nil
  path[#path] = nil
end

local function hook(which)
  return function(f)
    local block = hooks[#hooks]
    block[which][#block[which] + 1] = f
  end
end

local words = { assert = sentence(false), describe = describe, context = describe, it = it,
                pending = pending, before_each = hook "before", after_each = hook "after" }

for _, file in ipairs(arg) do
  hooks, path = { { before = {}, after = {} } }, {}
  local chunk, problem = loadfile(file, "t", setmetatable({}, {
    __index = function(_, name)
      local word = words[name]
      if word == nil then
        word = _G[name]
      end
      return word
    end,
    __newindex = _G,
  }))
  if not chunk then
    report(file, problem)
  else
    local ok, what = xpcall(chunk, handle)
    if not ok then
      report(file, what)
    end
  end
end
local n_pending = #pending_lines
local counts = ("%d passed, %d failed"):format(passed, failed)
print(n_pending > 0 and ("%s, %d pending"):format(counts, n_pending) or counts)
for _, line in ipairs(pending_lines) do
  print(line)
end
os.exit(failed > 0 and 1 or passed > 0 and 0 or n_pending > 0 and 77 or 1, true)
