local as = require "assay"

local items = as.tensor { 0, 1, 2, 3 }

-- A sampler whose items stay and whose log weights grow by those of `w` at each step.
local function weighted(w, o)
  local hook = as.hook { "smc", threshold = o.threshold }
  local sampler = as.sampler { "sketch_weighted", steps = o.steps, hooks = { hook } }
  return sampler, hook, as.tensor(w):log()
end

describe("hooks/smc", function()
  it("draws the ancestors of systematic resampling", function()
    -- w = (.1 .2 .3 .4), cumulative .1 .3 .6 1, u_k = (u + k) / 4: 0,1,2,3 for u in (0, .2], 0,2,2,3 up to .4
    -- (u = 0.3), else 1,2,3,3 (u = 0.9): nothing else, in these shares
    local sampler, hook, logw = weighted({ 0.1, 0.2, 0.3, 0.4 }, { threshold = 1 })
    local seen, runs = {}, 2000
    for _ = 1, runs do
      local x, left = sampler(items, logw)
      local key = ("%d%d%d%d"):format(table.unpack(x:tolist()))
      seen[key] = (seen[key] or 0) + 1
      assert.same({ 0, 0, 0, 0 }, left:tolist())
    end
    local others = runs
    for key, share in pairs { ["0123"] = 0.2, ["0223"] = 0.2, ["1233"] = 0.6 } do
      assert.near(share, seen[key] / runs, 4 * math.sqrt(share * (1 - share) / runs)) -- four standard errors
      others = others - seen[key]
    end
    assert.equal(0, others)
    assert.near(1 / (0.01 + 0.04 + 0.09 + 0.16), hook.reports.ess, 1e-5)
    assert.equal(runs, hook:state().resampled:item())
  end)

  it("leaves a sample alone whose effective number is high enough", function()
    for _, case in ipairs { { 0.83, 0 }, { 0.84, 1 } } do -- 3.3333 of 4 items are 0.8333
      local sampler, hook, logw = weighted({ 0.1, 0.2, 0.3, 0.4 }, { threshold = case[1] })
      local _, left = sampler(items, logw)
      assert.equal(case[2], hook:state().resampled:item())
      assert.near(case[2] == 1 and 0 or math.log(0.1), left:tolist()[1], 1e-6)
    end
    local sampler, hook, logw = weighted({ 0.25, 0.25, 0.25, 0.25 }, { threshold = 1 })
    assert.same({ 0, 1, 2, 3 }, (sampler(items, logw)):tolist())
    assert.equal(0, hook:state().resampled:item())
  end)

  it("one item of all the weight becomes all items", function()
    local sampler, _, logw = weighted({ 1e-30, 1e-30, 1, 1e-30 }, {})
    assert.same({ 2, 2, 2, 2 }, (sampler(items, logw)):tolist())
  end)

  it("adds log mean W up over resamplings, and the weights gathered since", function()
    -- mean of (.1 .2 .3 .4) is 1/4 at each step, resampled (threshold 1)
    local sampler, hook, logw = weighted({ 0.1, 0.2, 0.3, 0.4 }, { threshold = 1, steps = 3 })
    sampler(items, logw)
    assert.near(3 * math.log(1 / 4), hook.reports.logz, 1e-5)
    -- or not: mean of their squares, (.01 + .04 + .09 + .16) / 4; a new sampling starts at 0
    sampler, hook, logw = weighted({ 0.1, 0.2, 0.3, 0.4 }, { threshold = 0.01, steps = 2 })
    sampler(items, logw)
    sampler(items, logw)
    assert.near(math.log(0.3 / 4), hook.reports.logz, 1e-5)
  end)

  it("has its state in the sampler's, and goes on from it", function()
    local sampler, hook, logw = weighted({ 0.1, 0.2, 0.3, 0.4 }, { threshold = 1 })
    for _ = 1, 3 do
      sampler(items, logw)
    end
    local state = sampler:state()
    assert.equal(3, state["hooks.1.resampled"]:item())
    local wanted = {}
    for k = 1, 20 do
      wanted[k] = sampler(items, logw):tolist()
    end
    local again, its_hook = weighted({ 0.1, 0.2, 0.3, 0.4 }, { threshold = 1 })
    again:load(state)
    for k = 1, 20 do
      assert.same(wanted[k], (again(items, logw)):tolist())
    end
    assert.equal(23, its_hook:state().resampled:item())
    again:reset()
    assert.equal(0, its_hook:state().resampled:item())
    assert.error_matches(function()
      as.sampler { "sketch_weighted", hooks = { { "smc" }, { "smc" } } }:load(state)
    end, '"hooks.2.logz" is missing', 1, true)
    assert.error_matches(function()
      as.sampler { "sketch_weighted" }:load(state)
    end, '"hooks.1.logz" is extra', 1, true)
    assert.is_true(hook.reports.ess > 0)
  end)

  it("refuses what cannot be resampled", function()
    local sampler, _, logw = weighted({ 0.1, 0, 0.3, 0.4 }, {})
    local function fails(text, f)
      assert.error_matches(f, text, 1, true)
    end
    fails("logw = -inf of item 1 at step 0", function()
      sampler(items, logw)
    end)
    fails("1 item, expected 2 or more", function()
      sampler:reset()
      sampler(as.tensor { 1 }, as.tensor { 0 })
    end)
    fails("threshold = 0 is outside", function()
      as.hook { "smc", threshold = 0 }
    end)
    fails("the sampler weights nothing", function()
      as.sampler { "sde_pc", n = 50, model = function(x) return -x end, hooks = { { "smc" } } } {
        shape = { 4, 1 },
      }
    end)
  end)
end)
