-- A head with everything that is registered: a trained matrix, a queue, a counter; and its random numbers.
local as = require "assay.plugin"

return as.plugin {
  kind = "heads", name = "sketch_queue", version = "1.0.0", doc = "pulls pairs together, pushes a queue away",
  params = {
    { "dim", "int", 4, "[1, 1024]", "features" },
    { "size", "int", 8, "[1, 65536]", "items in the queue" },
  },
  signature = "a f32[B,dim], b f32[B,dim] -> loss f32[B]",
  setup = function(self)
    self:parameter("w", self:randn("init", self.dim, self.dim))
    self:buffer("queue", self:randn("queue", self.size, self.dim))
    self:counter("seen")
  end,
  -- loss[b] = log sum_k exp <w a[b], queue[k]> - <w a[b], b[b]>; then b goes to the
  -- front of the queue, whose storage changes: the graph keeps a copy
  forward = function(self, a, b)
    local n = b:size(1)
    if n >= self.size then
      self:fail("a batch of %d does not fit a queue of %d", n, self.size)
    end
    local z = a:matmul(self.w)
    local loss = z:matmul(self.queue:clone():transpose(1, 2)):logsumexp(-1) - (z * b):sum(-1)
    if self:training() then
      self.queue = as.concat({ b, self.queue:slice(1, 1, self.size - n) }, 1)
      self.seen = self.seen + n
    end
    return loss
  end,
}
