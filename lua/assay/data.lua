-- Data sets in memory: named tensors whose first axis is the items. as.data { x = ..., y = ... }
local core = require "assay.core"
local options = require "assay.options"

---@class assay.Data
---@field n integer  items
local Data = {}

-- The fields as d.x, d.y; methods before them.
local meta = {
  __name = "data",
  __keys = Data, -- for assay.complete
  __index = function(self, key)
    local method = Data[key]
    if method ~= nil then
      return method
    end
    return rawget(self, "fields")[key]
  end,
  __len = function(self)
    return self.n
  end,
  __tostring = function(self)
    local parts = {}
    for _, name in ipairs(self.names) do
      local x = self.fields[name]
      parts[#parts + 1] = ("%s %s[%s]"):format(name, x.dtype, table.concat(x:shape(), ","))
    end
    return ("data of %d items: %s"):format(self.n, table.concat(parts, ", "))
  end,
}

--- From tensors by name, or a data set's split.
---@param given table<string, assay.Tensor>
---@return assay.Data
local function new(given)
  if type(given) ~= "table" then
    core.fail("data: expected a table of named tensors, got a " .. type(given))
  end
  local self = { fields = {}, names = {} }
  for name, x in pairs(given.fields or given) do
    if type(name) == "string" then
      if not core.is_tensor(x) then
        core.fail(("data: %s is a %s, expected a tensor"):format(name, type(x)))
      elseif Data[name] or name == "index" or name == "n" or name == "names" or name == "fields" then
        core.fail(('data: a field cannot be named "%s"'):format(name))
      end
      self.n = self.n or #x
      if #x ~= self.n then
        core.fail(("data: %s has %d items, %s has %d"):format(name, #x, self.names[1], self.n))
      end
      self.names[#self.names + 1], self.fields[name] = name, core.keep(x)
    end
  end
  if not self.n then
    core.fail "data: there are no tensors"
  end
  return setmetatable(self, meta)
end

---------------------------------------------------------------------- parts

--- The first n items, or those at the places of an i64 tensor (from 0).
---@param which integer|assay.Tensor
---@return assay.Data
function Data:subset(which)
  local fields = {}
  if core.is_tensor(which) then
    for _, name in ipairs(self.names) do
      fields[name] = self.fields[name]:index_select(which, 1)
    end
    return new(fields)
  end
  local n = options.count("data:subset", which, "n", 1)
  if n > self.n then
    core.fail(("data:subset: %d of %d items"):format(n, self.n))
  end
  for _, name in ipairs(self.names) do
    fields[name] = self.fields[name]:slice(1, 1, n)
  end
  return new(fields)
end

--- Two parts: the first with n items or, below 1, this fraction of them. shuffle = true draws which from
--- the stream "split" (or `stream`).
---@param size number
---@param o table?  shuffle, stream
---@return assay.Data, assay.Data
function Data:split(size, o)
  o = options.check("data:split", o or {}, { "shuffle", "stream" })
  local n = size
  if type(size) == "number" and size > 0 and size < 1 then
    n = math.floor(size * self.n + 0.5)
  end
  n = options.count("data:split", n, "n", 1)
  if n >= self.n then
    core.fail(("data:split: %d of %d items leave none"):format(n, self.n))
  end
  local order = o.shuffle and core.permutation(self.n, { stream = o.stream or "split" })
    or core.arange(self.n)
  return self:subset(order:slice(1, 1, n)), self:subset(order:slice(1, n + 1, -1))
end

local function ascending(list)
  return core.concat(list, 1):double():sort(1):long() -- sort takes floats; places are exact in f64
end

-- The first n of each class's places in `order`, and the others: i64, ascending.
local function of_each_class(labels, order, n)
  local taken, left, first = {}, {}, 1
  local classes = math.tointeger(labels:double():max():item()) + 1
  local by_class = labels:index_select(order, 1):double():argsort(1)
  local sorted = order:index_select(by_class, 1)
  for class, count in ipairs(labels:one_hot(classes):sum(1):tolist()) do
    if count < n then
      core.fail(("data:balanced: %d items of class %d, expected %d at least"):format(count, class - 1, n))
    end
    taken[class] = sorted:slice(1, first, first + n - 1)
    left[#left + 1] = count > n and sorted:slice(1, first + n, first + count - 1) or nil
    first = first + count
  end
  return ascending(taken), left[1] and ascending(left) or nil
end

--- n items of each class, drawn from the stream "split" (or `stream`), and the places of all others for
--- data:subset (nil if there are none), both in the data's own order: data:balanced(600). The classes, from
--- 0, stand in the field `by`.
---@param n integer
---@param o table?  by = "y", stream
---@return assay.Data, assay.Tensor?
function Data:balanced(n, o)
  local what = "data:balanced"
  o = options.check(what, o or {}, { "by", "stream" })
  n = options.count(what, n, "n (items of each class)", 1)
  local labels = self.fields[o.by or "y"]
  if not labels or labels.dtype ~= "i64" or #labels:shape() ~= 1 then
    core.fail(('%s: no classes i64[N] in the field "%s": %s'):format(what, o.by or "y", tostring(self)))
  end
  local order = core.permutation(self.n, { stream = o.stream or "split" })
  local taken, left = of_each_class(labels, order, n)
  return self:subset(taken), left
end

---------------------------------------------------------------------- batches

-- The items first .. last (from 1) of the order, or in the data's own order if it is nil.
local function batch_at(self, order, first, last)
  local index = (order or self.places):slice(1, first, last)
  local batch = { index = index }
  for _, name in ipairs(self.names) do
    local x = self.fields[name]
    batch[name] = order and x:index_select(index, 1) or x:slice(1, first, last)
  end
  return batch
end

-- What a loop over batches goes through; its place can be kept and taken up again.
---@class assay.Batches
local Batches = {}
Batches.__index = Batches
Batches.__name = "batches"

function Batches:__call()
  if self.step >= self.total then
    return nil
  end
  local place = self.step % self.a_pass
  if self.shuffle and place == 0 then
    self.order = core.keep(core.permutation(self.data.n, self.stream))
  end
  self.step = self.step + 1
  core.step(self.step, self.total)
  local first = place * self.size + 1
  return self.step, batch_at(self.data, self.order, first, math.min(first + self.size - 1, self.data.n))
end

--- Its place as a state: the step, and the order of the pass under way.
function Batches:state()
  local state = { "step", step = core.i64 { self.step } }
  if self.order then
    state[2], state.order = "order", self.order
  end
  return state
end

--- Goes on behind the step of a state.
function Batches:load(state)
  local step = state.step and state.step:tolist()[1]
  if not step or state.order and #state.order ~= self.data.n then
    core.fail "batches:load: this is no state of batches of this data set"
  end
  self.step, self.order = step, state.order and core.keep(state.order)
end

--- for step, batch in data:batches { 64, shuffle = true } do ... batch.x, batch.y, batch.index ... end
--- One pass unless epochs or steps say more; steps go through as many passes as they need. batch.index is the
--- items' places in this data set, i64 from 0. The order of a shuffled pass comes from the stream "shuffle"
--- (or `stream`).
---@param o table  [1] items a batch, shuffle, epochs, steps, drop_last, stream
---@return assay.Batches
function Data:batches(o)
  local what = "data:batches"
  options.check(what, o, { "shuffle", "epochs", "steps", "drop_last", "stream" })
  local size = options.count(what, o[1], "[1] (items a batch)", 1)
  if o.epochs and o.steps then
    core.fail(what .. ": epochs or steps, not both")
  end
  local a_pass = o.drop_last and self.n // size or (self.n + size - 1) // size
  if a_pass == 0 then
    core.fail(("%s: %d items make no batch of %d, and drop_last drops the rest"):format(what, self.n, size))
  end
  local total = o.steps and options.count(what, o.steps, "steps", 0)
    or a_pass * options.count(what, o.epochs, "epochs", 0, 1)
  local stream = { stream = o.stream or "shuffle" }
  self.places = self.places or core.keep(core.arange(self.n))
  return setmetatable({
    data = self, size = size, a_pass = a_pass, total = total, shuffle = o.shuffle, stream = stream, step = 0,
  }, Batches)
end

return new
