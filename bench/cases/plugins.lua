-- What a call of a plugin costs beyond its work: bench/plugins give back their input, so there is none. Two
-- inputs are checked (dtypes, sizes, one label's bound) and one output.
local as = require "assay"

local function call(kind, name)
  return function()
    local plugin = as[kind] { name, reduction = kind == "loss" and "none" or nil }
    local logits, labels = as.randn(1, 10), as.i64 { 3 }
    return function()
      for _ = 1, 100 do
        plugin(logits, labels)
      end
    end, 100
  end
end

return {
  plugin_call = call("loss", "bench_pass"), plugin_call_score = call("score", "bench_pass"),
  plugin_call_lua = call("loss", "bench_pass_lua"),
}
