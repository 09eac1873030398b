-- The cost of single operations from Lua, where dispatch is what counts.
local as = require "assay"

local cases = {}

-- One-element add without gradients; per add.
function cases.eager_add1()
  local a, b = as.randn(1), as.randn(1)
  return function()
    for _ = 1, 100 do
      local _ = a + b
    end
  end, 100
end

-- 50 times y * w + b on 16 x 16 and a sum, forward and backward; all of it.
function cases.eager_chain100()
  local x = as.randn(16, 16)
  local w = as.full(0.99, 16, 16):requires_grad_()
  local b = as.zeros(16, 16):requires_grad_()
  local leaves = { w, b }
  return function()
    local y = x
    for _ = 1, 50 do
      y = y * w
      y = y + b
    end
    return as.grad(y:sum(), leaves)
  end
end

return cases
