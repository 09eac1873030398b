# --trace-nan: the operation, its inputs' shapes and ranges, and the script's line, forward and backward; and
# nothing of it without the option.
. "$(dirname "$0")/lib.sh"

cat >nan.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "nan", headline = "loss", allow_nan = true, seeds = { 1 },
  params = { pass = "forward" }, arms = { a = {} },
  run = function(run, p)
    local x = as.tensor { 0, 4 }:requires_grad_()
    if p.pass == "forward" then
      local low = x - 1
      run:log(1, { loss = low:log():sum() })
    else
      local root = x:sqrt()
      local loss = (root * as.tensor { 0, 1 }):sum()
      loss:backward()
      run:log(1, { loss = x.grad:sum() })
    end
  end,
}
END_LUA

expect_exit 0 assay run nan.lua
expect_exit 0 assay run nan.lua --set params.pass=backward
expect_exit 1 assay run nan.lua --trace-nan
expect_err "nan.lua:9: log: the first NaN: result f32[2] 1 NaN; input 1 f32[2] mean 1 min -1 max 3"
expect_exit 1 assay run nan.lua --trace-nan --set params.pass=backward
expect_err "nan.lua:13: the gradient of sqrt (nan.lua:11): the first NaN: for input 1 f32[2] 1 NaN; arriving"
expect_err "arriving gradient f32[2] mean 0.5 min 0 max 1"
expect_exit 1 assay rerun 2 --trace-nan
expect_err "the gradient of sqrt (nan.lua:11): the first NaN"
expect_exit 0 assay rerun 2
