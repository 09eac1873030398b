-- run:log and the rest of the run object, on a run of its own in a fresh database.
local as = require "assay"
local runtime = require "assay.runtime"

describe("a run", function()
  local folder, run

  before_each(function()
    folder = os.tmpname()
    os.remove(folder)
    run = runtime.scratch(folder .. "/results.db")
  end)

  after_each(function()
    run = nil
    collectgarbage()
    os.execute("rm -rf " .. folder)
  end)

  it("logs numbers and tensors with one item, in any order of steps", function()
    run:log(3, { loss = 0.5, ["test/accuracy"] = as.tensor { 0.75 } })
    run:log(1, { loss = as.tensor { { 2.0 } } })
    run:log(-1.0, { loss = 1 })
  end)

  it("refuses a second value for a step, at this line", function()
    run:log(1, { loss = 1 })
    run:log(1, { other = 1 })
    assert.error_matches(function()
      run:log(1, { loss = 1 })
    end, "^[^:]*experiment_log_spec.lua:%d+: .*metric \"loss\" was already logged at step 1 of run 1")
  end)

  it("refuses what is no number", function()
    assert.error_matches(function() run:log(1, { loss = as.zeros(3) }) end,
      "_spec.lua:%d+: .*\"loss\".*one item")
    assert.error_matches(function() run:log(1, { loss = "3" }) end, "\"loss\": expected a number")
    assert.error_matches(function() run:log(1, { 0.5 }) end, "names of metrics as keys, found a number")
    assert.error_matches(function() run:log(1.5, { loss = 1 }) end, "step: expected an integer, found 1.5")
    assert.error_matches(function() run:log({ loss = 1 }) end, "step: expected an integer, found table")
    assert.error_matches(function() run:log(1) end, "expected a table")
    assert.error_matches(function() run.log(1, { loss = 1 }) end, "called with a colon")
  end)

  it("stops at NaN and infinity unless told not to", function()
    assert.error_matches(function() run:log(7, { loss = 0 / 0 }) end, "metric \"loss\" is NaN at step 7")
    assert.error_matches(function() run:log(8, { a = 1, loss = as.tensor { math.huge } }) end,
      "metric \"loss\" is infinite at step 8")
    run:allow_nan()
    run:log(8, { a = 1, loss = 0 / 0 }) -- and the refused call has kept nothing
  end)

  it("saves and loads named tensors", function()
    run:save("model", { w = as.tensor { 1.5, -2 }, n = as.i64 { 3 } })
    local back = run:load "model"
    assert.are.equal(-2, back.w[2]:item())
    assert.are.equal(3, back.n:item())
    run:save("model", { w = as.zeros(1) })
    assert.are.equal(0, run:load("model").w:item())
    assert.error_matches(function() run:load "modell" end, "has no artifact \"modell\"")
    assert.error_matches(function() run:save("../x", {}) end, "_spec.lua:%d+: run:save: the name is \"../x\"")
    run:note "a sentence"
  end)

  it("says what it is and what it has not", function()
    assert.are.equal(1, run.seed)
    assert.are.equal("scratch", run.arm)
    assert.are.equal("run 1 (scratch, seed 1)", tostring(run))
    assert.error_matches(function() run:lag(1, {}) end,
      '_spec.lua:%d+: a run has no "lag"; did you mean "log"%?')
  end)
end)
