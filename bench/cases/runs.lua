-- What a run costs beside its work: coming up, and putting numbers on record.
local as = require "assay"
local runtime = require "assay.runtime"

local cases = {}

local function scratch_folder()
  local name = os.tmpname()
  os.remove(name)
  return name, setmetatable({}, { __gc = function() os.execute("rm -rf " .. name) end })
end

-- run:log of 8 values, two of them tensors: committed when it returns.
function cases.log()
  local folder, remover = scratch_folder()
  local run = runtime.scratch(folder .. "/results.db")
  local loss, step = as.tensor { 0.5 }, 0
  return function()
    step = step + 1
    run:log(step, { loss = loss, norm = loss, a = step, b = 2, c = 3, d = 4, e = 5, f = 6.5 })
    return remover
  end
end

-- From nothing through the first line of a script that requires assay, and out again; with a shell's start.
function cases.start()
  local worker = arg[-2]
  local folder, remover = scratch_folder()
  os.execute("mkdir -p " .. folder)
  local script = folder .. "/empty.lua"
  local file = assert(io.open(script, "w"))
  file:write 'local as = require "assay"\n'
  file:close()
  local command = ("exec '%s' script '%s'"):format(worker, script)
  return function()
    assert(os.execute(command))
    return remover
  end
end

return cases
