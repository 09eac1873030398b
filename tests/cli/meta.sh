# assay plugins meta: files that Lua reads and that name each operation and each plugin's parameters.
. "$(dirname "$0")/lib.sh"

expect_exit 0 assay plugins meta
expect_line lua/meta/tensor.lua
expect_line lua/meta/losses.lua
expect_exit 0 assay plugins meta -o elsewhere/deep
cmp lua/meta/assay.lua elsewhere/deep/assay.lua || fail "two calls write other files"
touch file
expect_exit 1 assay plugins meta -o file/below
expect_err "cannot make the folder"
expect_exit 2 assay plugins meta --json
expect_exit 2 assay plugins list -o x

assay plugins list --json >plugins.json
cat >check.lua <<'END'
local core = require "assay.core"
local as = require "assay"

local function read(path)
  local file = assert(io.open(path))
  local text = file:read "a"
  file:close()
  return text
end

local names = { "tensor", "assay", "plugins", "adapters", "datasets", "distillers", "heads", "hooks",
                "losses", "samplers", "scores", "soups" }
local files = {}
for _, name in ipairs(names) do
  assert(loadfile("lua/meta/" .. name .. ".lua", "t", {}))
  files[name] = read("lua/meta/" .. name .. ".lua")
  assert(files[name]:find("^%-%-%-@meta\n"), name)
end

local function mentions(file, text)
  if not files[file]:find(text, 1, true) then
    error(("%s.lua does not say: %s"):format(file, text), 0)
  end
end

for name in pairs(core.methods) do
  mentions("tensor", "function Tensor:" .. name .. "(")
end
for name, value in pairs(as) do
  if core[name] == value then
    mentions("assay", "function as." .. name .. "(")
  end
end
for word, kind in pairs(getmetatable(as).__kinds) do
  mentions(kind, "function as." .. word .. "(spec)")
end
mentions("tensor", "---log(1 + x), exact near 0\n---@return assay.Tensor\nfunction Tensor:log1p() end")
mentions("assay", "function nn.relu(o)")
mentions("assay", "function optim.adamw(o)")
mentions("losses", "---@field epsilon? number real, -1 to 10; 1 if not said. added weight of 1 - p")

-- every parameter with its type, range and text
local parameters = 0
for _, row in ipairs(require "cjson".decode(read "plugins.json")) do
  for _, q in ipairs(row.params or {}) do
    parameters = parameters + 1
    mentions(row.kind, "---@field " .. q.name .. "? ")
    mentions(row.kind, q.doc)
    if q.type == "choice" then
      for word in q.limits:gmatch "[^|]+" do
        mentions(row.kind, '"' .. word .. '"')
      end
    else
      mentions(row.kind, q.type .. (q.limits ~= "" and ", " .. q.limits or ""))
    end
  end
end
assert(parameters > 10, "only " .. parameters .. " parameters found")
END
expect_exit 0 assay-worker script check.lua

# assay plugins show: aligned columns, and known answers only where there are some
expect_exit 0 assay plugins show losses/poly1
expect_line "  logits    f32[B,C]"
expect_line "  labels    i64[B]     0 <= value < C"
expect_line "  epsilon   real   1   -1 to 10   added weight of 1 - p; 0 gives cross-entropy"
expect_out "tests/plugins/losses/poly1.lua"
mkdir -p own/losses
cp "$ASSAY_BUILD/plugins/losses/poly1.so" own/losses/
expect_exit 0 env ASSAY_PLUGIN_PATH=own assay plugins show losses/poly1
expect_out "own/losses/poly1.so   abi 1."
! grep -q "known answers" "$box/out" || fail "known answers of another plugin"
