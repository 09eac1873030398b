-- The run object that an experiment's `run` and `pool` get: logging, files, facts.
local runtime = require "assay.runtime"
local settings = require "assay.settings"

---@class assay.Run
---@field id integer      of its row
---@field arm string
---@field seed integer?   nil in `pool`
---@field stage string    "run" or "pool"
local Run = {}

local fields = { "id", "arm", "seed", "stage" }

--- Keeps values of one step: run:log(step, { ["test/accuracy"] = 0.9, loss = l }). The values are numbers or
--- tensors with one item; when it returns they are on record, whatever happens next.
Run.log = runtime.log

--- Lets this run log NaN and infinities, which otherwise end it as failed.
function Run:allow_nan()
  runtime.allow_nan(self, true)
  return self
end

--- Keeps a sentence about the run.
---@param text string
function Run:note(text)
  runtime.note(self, text)
end

local function check_name(name, what)
  if type(name) ~= "string" or not name:find "^[%w_][%w_.%-]*$" then
    error(("%s: the name is %s; letters, digits, _ . and - make one"):format(
      what, type(name) == "string" and ("%q"):format(name) or settings.describe(name)), 3)
  end
end

--- Keeps a model (anything with :state()) or a table of named tensors among the run's files.
---@param name string
---@param what table
function Run:save(name, what)
  check_name(name, "run:save")
  local state = what
  if type(what) == "table" or type(what) == "userdata" then
    local ok, method = pcall(function() return what.state end)
    if ok and type(method) == "function" then
      state = what:state()
    end
  end
  local file = name .. ".safetensors"
  require("assay").save(runtime.target(self, file), state)
  runtime.record(self, name, "model", file)
end

--- Keeps a picture (a chart of as.plot) among the run's files, as SVG; assay report shows it.
---@param name string
---@param chart assay.Chart
function Run:picture(name, chart)
  check_name(name, "run:picture")
  if type(chart) ~= "table" or type(chart.save) ~= "function" then
    error("run:picture: expected a chart of as.plot, found " .. settings.describe(chart), 2)
  end
  local file = name .. ".svg"
  chart:save(runtime.target(self, file))
  runtime.record(self, name, "image", file)
end

--- What run:save kept under this name, as named tensors.
---@param name string
function Run:load(name)
  check_name(name, "run:load")
  return require("assay").load(runtime.find(self, self.id, name))
end

-- What each run that called run:resume keeps: { parts =, file = the last checkpoint's }.
local kept = setmetatable({}, { __mode = "k" })

--- Says what a checkpoint of this run holds: { net = net, opt = opt, batches = batches, best = { at = 0 } }.
--- In a new run gives 0. In an attempt that goes on from a checkpoint, puts everything back as it was then,
--- random streams too, and gives its step.
---@param parts table<string, table>  with :state() and :load(), or plain tables of numbers and tensors
---@return integer
function Run:resume(parts)
  local checkpoint = require "assay.checkpoint"
  local wrong = checkpoint.check(parts)
  if wrong then
    error("run:resume: " .. wrong, 2)
  end
  local path = runtime.checkpoint(self)
  kept[self] = { parts = parts, file = path and path:match "[^/]+$" }
  if not path then
    return 0
  end
  local step = checkpoint.unpack_into(parts, require("assay").load(path))
  checkpoint.restart_math(self, step)
  return step
end

--- Keeps the run's position: if it dies later, the next `assay run` goes on from here. `step` is what
--- run:resume will give. The checkpoint before is deleted when this one is on record.
---@param step integer
function Run:checkpoint(step)
  local checkpoint, mine = require "assay.checkpoint", kept[self]
  if not mine then
    error("run:checkpoint: say what to keep first: run:resume { net = net, opt = opt }", 2)
  elseif math.type(step) ~= "integer" then
    error("run:checkpoint: step: expected an integer, found " .. settings.describe(step), 2)
  end
  local file = ("checkpoint-%d.safetensors"):format(step)
  require("assay").save(runtime.target(self, file), checkpoint.pack(mine.parts, step))
  runtime.record(self, "checkpoint", "model", file)
  runtime.event(self, step, "checkpoint", file)
  if mine.file and mine.file ~= file then
    os.remove(runtime.target(self, mine.file))
  end
  mine.file = file
  checkpoint.restart_math(self, step)
end

---@class assay.Member
---@field id integer
---@field arm string
---@field seed integer
---@field headline number?  the headline metric's last value
local Member = {}
Member.__index = Member

--- What that run's run:save kept under this name.
---@param name string
function Member:load(name)
  check_name(name, "member:load")
  return require("assay").load(runtime.find(self.pool, self.id, name))
end

--- The finished runs a pool run looks at, by seed as declared.
---@return assay.Member[]
function Run:members()
  local members = runtime.members(self)
  for i, member in ipairs(members) do
    member.pool = self
    members[i] = setmetatable(member, Member)
  end
  return members
end

local meta = {
  __name = "run",
  __index = function(_, key)
    local method = Run[key]
    if method == nil and key ~= "seed" then
      local known = settings.names(Run)
      table.move(fields, 1, #fields, #known + 1, known)
      error("a run has no " .. settings.quoted(key, known), 2)
    end
    return method
  end,
  __tostring = function(run)
    return ("run %d (%s, %s)"):format(run.id, run.arm, run.seed and "seed " .. run.seed or run.stage)
  end,
}

-- Makes a run object of the table C fills.
local function wrap(run)
  return setmetatable(run, meta)
end

return { wrap = wrap }
