-- docs/reference.md is what the sources say, and leaves out nothing that scripts can call.
local as = require "assay"
local nn = require "assay.nn"
local core = require "assay.core"
local page = require "assay.reference"

local root <const> = debug.getinfo(1, "S").source:match "^@(.*/)" .. "../../"

describe("the reference page", function()
  it("is as the sources make it now", function()
    local file = assert(io.open(root .. "docs/reference.md"))
    local text = file:read "a"
    file:close()
    if text ~= page() then
      error "docs/reference.md is old: assay script lua/assay/reference.lua > docs/reference.md"
    end
  end)
  it("has a line for every method, layer, optimizer, schedule and draw", function()
    local text = page()
    local function has(prefix, names, skip)
      for name, value in pairs(names) do
        if type(value) == "function" and not (skip and skip[name]) and
            not text:find("\n- `" .. prefix .. name .. "[`%(]") then
          error(prefix .. name .. " is not in the reference")
        end
      end
    end
    has("x:", core.methods)
    has("nn.", nn, { parameter = true, is_module = true, init = true })
    has("nn.init.", nn.init)
    has("as.optim.", as.optim)
    for _, name in ipairs {
      "randn", "rand", "rademacher", "gamma", "beta", "randint", "permutation", "categorical",
    } do
      assert.matches("\n%- `as." .. name .. "%(", text)
    end
  end)
end)
