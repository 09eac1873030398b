-- Every operation, function and layer with something wrong: the text names the script's line, what was called
-- and what it got, and the tape goes on.
local as = require "assay"
local nn = require "assay.nn"

local x, image, index = as.ones(2, 3), as.ones(1, 2, 4, 4), as.i64 { 0, 1 }
local whole = as.i64 { { 1, 2 }, { 3, 4 } }

-- { text, call }, the text after the line
local wrong = {
  { "matmul: f32%[2,3%] by f32%[2,3%]: inner sizes 3 and 2 differ", function() return x:matmul(x) end },
  { "add: f32%[2,3%] and f32%[2%] do not broadcast", function() return x + as.ones(2) end },
  { "mul: f32 beside f64: convert one of them; given f32%[2,3%], f64%[2,3%]",
    function() return x * x:double() end },
  { "sum: axis 3 of f32%[2,3%]; axes are 1 to 2", function() return x:sum(3) end },
  { "mean: axis 0 of f32%[2,3%]", function() return x:mean(0) end },
  { "max: no option \"kep\"; did you mean \"keep\"", function() return x:max { 1, kep = true } end },
  { "softmax: axis %-3 of f32%[2,3%]", function() return x:softmax(-3) end },
  { "cumsum: axis 4 of f32%[2,3%]", function() return x:cumsum(4) end },
  { "var: axis 3 of f32%[2,3%]", function() return x:var(3) end },
  { "sort: axis 3 of f32%[2,3%]", function() return x:sort(3) end },
  { "top_k: 4 of 3", function() return x:top_k(4) end },
  { "flip: axis 3 of f32%[2,3%]", function() return x:flip(3) end },
  { "roll: axis 3 of f32%[2,3%]", function() return x:roll(1, 3) end },
  { "tile: axis 3 of f32%[2,3%]", function() return x:tile(2, 3) end },
  { "pad: axis 3 of f32%[2,3%]", function() return x:pad(3, 1) end },
  { "split: pieces of 0 items", function() return x:split(0) end },
  { "slice: axis 3 of f32%[2,3%]", function() return x:slice(3, 1) end },
  { "reshape: f32%[2,3%] has 6 items, %[4,%-1%] does not", function() return x:reshape(4, -1) end },
  { "expand: ", function() return x:expand(2, 4) end },
  { "permute: 1 axes given for a tensor of rank 2", function() return x:permute(1) end },
  { "permute: ", function() return x:permute(1, 1) end },
  { "squeeze: axis 1 has size 2, not 1", function() return x:squeeze(1) end },
  { "gather: index 3 at place 1, expected 0 <= index < 3; given f32%[2,3%], i64%[2%]",
    function() return x:gather(as.i64 { 0, 3 }, 2) end },
  { "index_select: index %-1 at place 0, expected 0 <= index < 2",
    function() return x:index_select(as.i64 { -1 }, 1) end },
  { "index_select: ", function() return x:index_select(as.ones(2), 1) end },
  { "scatter_add: ", function() return x:scatter_add(index, 2, 3) end },
  { "index_add: index 1 at place 1, expected 0 <= index < 1",
    function() return x:index_add(index, 1, 1) end },
  { "one_hot: index 1 at place 1, expected 0 <= index < 1", function() return index:one_hot(1) end },
  { "cross_entropy: label 7 at place 1, expected 0 <= label < 3; given f32%[2,3%], i64%[2%]",
    function() return x:cross_entropy(as.i64 { 0, 7 }) end },
  { "cross_entropy: logits f32%[2,3%], labels f32%[2%]", function() return x:cross_entropy(as.ones(2)) end },
  { "log: i64%[2,2%], expected a float", function() return whole:log() end },
  { "where: ", function() return as.where(x, as.ones(4), 0) end },
  { "maximum: argument 2 is a string, expected a tensor or a number", function() return x:maximum "3" end },
  { "conv2d: .*; given f32%[1,2,4,4%], f32%[3,3,3,3%]",
    function() return image:conv2d(as.ones(3, 3, 3, 3)) end },
  { "conv2d: no option \"strid\"; did you mean \"stride\"",
    function() return image:conv2d(as.ones(3, 2, 3, 3), { strid = 2 }) end },
  { "max_pool2d: a window of 5x5 on f32%[1,2,4,4%]", function() return image:max_pool2d(5) end },
  { "avg_pool2d: ", function() return x:avg_pool2d(2) end },
  { "resize2d: ", function() return x:resize2d { 2, 2 } end },
  { "concat: f32%[2,3%] beside f32%[2,4,4%]", function() return as.concat({ x, image[1] }, 1) end },
  { "stack: the list of tensors is empty", function() return as.stack {} end },
  { "weighted_sum: 1 weights for 2 tensors", function() return as.weighted_sum({ x, x }, { 1 }) end },
  { "matmul: f32%[2,3%] by f32%[4,2%]", function() return as.attention(x, as.ones(2, 4), x) end },
  { "cholesky: f32%[2,3%], expected", function() return x:cholesky() end },
  { "solve: f32%[2,3%] and f32%[2,3%], expected", function() return x:solve(x) end },
  { "eigh: f32%[2,3%], expected", function() return x:eigh() end },
  { "svd: f32%[1,2,4,4%], expected", function() return image:svd() end },
  { "assignment: ", function() return image:assignment() end },
  { "backward: f32%[2,3%], expected a scalar",
    function() return (x:clone():requires_grad_() * 2):backward() end },
  { "grad: input 1, f32%[2,3%], does not require a gradient", function() return as.grad(x:sum(), x) end },
  { "grad: the result, f32%[%], has no history and nothing is recorded: as_record first", function()
    local leaf = as.ones(2):requires_grad_()
    return as.no_grad(function() return as.grad(leaf:sum(), leaf) end)
  end },
  { "nn.linear 4 %-> 2: input f32%[2,3%], expected %[..., 4%]",
    function() return nn.linear({ 4, 2 })(x) end },
  { "nn.conv2d 3 %-> 2: input f32%[1,2,4,4%], expected %[B, 3, H, W%]",
    function() return nn.conv2d({ 3, 2, 3 })(image) end },
  { "layer_norm: weight f32%[4%] for f32%[2,3%]", function() return nn.layer_norm({ 4 })(x) end },
  { "group_norm: ", function() return nn.group_norm({ 2, 4 })(image) end },
  { "nn.batch_norm 5: input f32%[1,2,4,4%]", function() return nn.batch_norm({ 5 })(image) end },
  { "index_select: index 9 at place 0, expected 0 <= index < 4",
    function() return nn.embedding({ 4, 2 })(as.i64 { 9 }) end },
}

describe("a wrong call", function()
  local w = as.tensor({ 3 }):requires_grad_()
  local standing = (w * w):sum()
  it("is refused at its line by name, and the tape goes on", function()
    for i, case in ipairs(wrong) do
      local ok, text = pcall(case[2])
      assert.is_false(ok)
      local expected = "refusals_spec.lua:%d+: " .. case[1]
      if not text:find(expected) then
        error(("case %d: expected something like %q, found %q"):format(i, expected, text))
      end
      assert.equal(6.0, as.grad(standing, w):item())
    end
    standing:backward()
    assert.equal(6.0, w.grad:item())
  end)
  it("is at the script's line where a tensor is missing, of every method and below the library", function()
    local methods = require("assay.core").methods
    for name, method in pairs(methods) do
      local value = name == "fill_" and 1 or nil -- reads its number first
      assert.error_matches(function() method(3, value) end, "refusals_spec.lua:%d+: .*expected a tensor")
    end
    assert.error_matches(function() nn.linear({ 2, 2 })(5) end,
      "^[^ ]*refusals_spec.lua:%d+: linear: argument 1 is a number, expected a tensor")
  end)
  it("names the limit of memory it would pass, the operation and the shapes", function()
    as.memory_limit((as.memory()) + (64 << 20))
    local text = select(2, pcall(function() return as.zeros(4096, 1024):matmul(as.zeros(1024, 4096)) end))
    as.memory_limit(0)
    assert.matches("refusals_spec.lua:%d+: matmul: out of memory: f32%[4096,4096%] needs 67108864 bytes, "
      .. "%d+ are in use; given f32%[4096,1024%], f32%[1024,4096%]", text)
  end)
end)
