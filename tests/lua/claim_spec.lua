-- as.claim: what may be declared, numbers per seed, selectors, and verdicts on numbers chosen for them.
local as = require "assay"
local fault = require "assay.claim.fault"
local judge = require "assay.claim.judge"
local experiment = require "assay.experiment"
local plan = require "assay.claim.plan"

-- Arms from { a = { acc = { 0.1, 0.2 } } }: a number per seed 1, 2, ..., or a curve { {step, value}, ... }.
local function arms_of(values)
  local list = {}
  for name, metrics in pairs(values) do
    local n, runs = 0, {}
    for _, per_seed in pairs(metrics) do
      n = math.max(n, #per_seed)
    end
    for seed = 1, n do
      runs[seed] = { id = #list * 100 + seed, seed = seed }
    end
    list[#list + 1] = { name = name, runs = runs }
  end
  return list
end

local function source_of(values, list)
  local function curve(id, seed, metric)
    local arm = list[(id - seed) // 100 + 1].name
    local value = values[arm][metric] and values[arm][metric][seed]
    local out = { step = {}, value = {} }
    for i, point in ipairs(type(value) == "table" and value or { value and { 1, value } }) do
      out.step[i], out.value[i] = point[1], point[2]
    end
    return out
  end
  return {
    curve = curve,
    last = function(...)
      local c = curve(...)
      return c.value[#c.value]
    end,
    at = function(id, seed, metric, step)
      local c = curve(id, seed, metric)
      for i, s in ipairs(c.step) do
        if s == step then return c.value[i] end
      end
    end,
    names = function(id)
      local names = {}
      for name in pairs(values[list[id // 100 + 1].name]) do
        names[#names + 1] = name -- logged by some run
      end
      return names
    end,
  }
end

local function verdicts(claims, values)
  local list = arms_of(values)
  return judge.all(claims, list, source_of(values, list))
end

local function verdict(claim, values)
  return verdicts({ c = claim }, values).c
end

local function problem(f, ...)
  local ok, text = pcall(f, ...)
  assert.is_false(ok)
  return fault.text(text) or text
end

local function near(expected, got)
  assert.is_true(math.abs(expected - got) < 1e-9, ("expected %.12g, got %.12g"):format(expected, got))
end

describe("a declaration", function()
  local beats = as.claim.beats

  it("is refused with what is wrong, at the script's line", function()
    local function refused(f, given)
      local text = problem(function()
        f(given)
      end)
      assert.matches("claim_spec.lua:%d+: as.claim", text)
      return text
    end
    assert.matches('no field "sedes"; did you mean "seeds"',
      refused(beats, { "a", "b", metric = "m", sedes = "1 of 2" }))
    assert.matches('seeds is 4, expected like "4 of 5"',
      refused(beats, { "a", "b", metric = "m", seeds = 4 }))
    assert.matches('seeds = "6 of 5"', refused(beats, { "a", "b", metric = "m", seeds = "6 of 5" }))
    assert.matches("metric is missing", refused(beats, { "a", "b" }))
    assert.matches("arm 2 is missing", refused(beats, { "a", metric = "m" }))
    assert.matches("both by and factor", refused(beats, { "a", "b", metric = "m", by = 1, factor = 2 }))
    assert.matches("factor is 0.9, expected a number from 1 on",
      refused(beats, { "a", "b", metric = "m", factor = 0.9 }))
    assert.matches("by is NaN, expected a number", refused(beats, { "a", "b", metric = "m", by = 0 / 0 }))
    assert.matches("an item too many: \"c\"", refused(beats, { "a", "b", "c", metric = "m" }))
    assert.matches("margin is missing", refused(as.claim.within, { "a", "b", metric = "m" }))
    assert.matches("either above or below", refused(as.claim.threshold, { "a", metric = "m" }))
    assert.matches("two claims at least", refused(as.claim.all, { "x" }))
    assert.matches('did you mean "beats"', problem(function() return as.claim.beat end))
    assert.matches("statement is missing", refused(as.claim, { kind = "superiority", value = print }))
    assert.matches("null is missing", refused(as.claim,
      { kind = "threshold", statement = "s", value = print }))
    assert.matches('kind is "better"', refused(as.claim, { kind = "better", statement = "s", value = print }))
    assert.matches("nothing is claimed",
      refused(as.claim, { kind = "reported", statement = "s", value = print, mean = 1 }))
  end)

  local function planned(claims, changes)
    local x = { name = "x", arms = { a = {}, b = {} }, seeds = 5, run = print, claims = claims }
    for key, value in pairs(changes or {}) do
      x[key] = value
    end
    return plan(experiment.declare(x))
  end
  local function own(value, changes)
    local given = { kind = "superiority", statement = "s", value = value }
    for key, v in pairs(changes or {}) do
      given[key] = v
    end
    return { own = as.claim(given) }
  end

  it("that cannot be judged is found before anything runs", function()
    local text = problem(planned, { c = beats { "a", "bb", metric = "m" } })
    assert.matches('claim_spec.lua:%d+: claims.c: no arm "bb"; did you mean "b"%?', text)
    assert.matches('"4 of 5", but there are 3 values', problem(planned,
      { c = beats { "a", "b", metric = "m", seeds = "4 of 5" } }, { seeds = 3 }))
    assert.matches('no claim "d"', problem(planned, { c = as.claim.all { "d", "e" } }))
    assert.matches("d is reported", problem(planned,
      { c = as.claim.all { "d", "d" }, d = as.claim.reported { "a", metric = "m" } }))
    assert.matches('an arm has no "curve"; did you mean "curves"', problem(planned,
      own(function(arms) return arms.a:curve "m" end)))
    assert.matches('a metric has no "tial"; did you mean "tail"', problem(planned,
      own(function(arms) return arms.a { "m", tial = 3 } end)))
    assert.matches("both at and tail", problem(planned,
      own(function(arms) return arms.a { "m", at = 1, tail = 3 } end)))
    assert.matches('did you mean "median"',
      problem(planned, own(function(arms) return (arms.a "m"):medain() end)))
    assert.matches("returned nothing", problem(planned, own(function(arms) arms.a "m" end)))
    assert.matches("arm a has no pool run",
      problem(planned, own(function(arms) return arms.a { "m", pool = true } end)))
    assert.matches("one for all seeds", problem(planned,
      own(function(arms) return (arms.a "m"):mean() end, { seeds = "4 of 5" })))
    assert.matches("needs six values, there are 5", problem(planned, own(function(arms) return arms.a "m" end,
      { interval = "sign" })))
    assert.matches("share needs interval",
      problem(planned, own(function(arms) return arms.a "m" end, { share = 0.9 })))
    assert.matches("seed 1 has no partner", problem(planned,
      own(function(arms) return arms.a "m" - as.claim.join { x = arms.b "m" } end)))
  end)

  it("whose function trips over made-up values is left for the real ones", function()
    assert.are.equal(1, #planned(own(function(arms)
      return arms.a:curves("m")[1].value[5000] + 1 -- no such step yet
    end)))
  end)

  it("keeps its own text", function()
    local rows = planned { c = beats { "a", "b", metric = { "m", tail = 3 }, by = 0.1 } }
    assert.are.equal('as.claim.beats { "a", "b", by = 0.1, metric = { "m", tail = 3 } }', rows[1].source)
    rows = planned(own(function(arms)
      return arms.a "m" -- told apart from others by this line
    end))
    assert.matches("told apart from others", rows[1].source)
  end)
end)

describe("numbers per seed", function()
  local function value(f, values)
    local got
    local v = verdict(as.claim { kind = "superiority", statement = "s", value = function(arms)
      got = f(arms)
      return got
    end }, values)
    return type(got) == "table" and got.list and got:list() or got, v
  end
  local curves = { a = { loss = { { { 0, 4 }, { 10, 1 }, { 20, 2 }, { 40, 3 } } }, acc = { 0.5 } } }

  it("come from the curve as the selector says", function()
    local function one(spec)
      return value(function(arms) return arms.a(spec) end, curves)[1]
    end
    assert.are.equal(3, one "loss")
    assert.are.equal(1, one { "loss", at = 10 })
    assert.are.equal(2.5, one { "loss", tail = 2 })
    assert.are.equal(2.5, one { "loss", tail = 100 })
    assert.are.equal(1, one { "loss", best = "min" })
    assert.are.equal(4, one { "loss", best = "max" })
    assert.are.equal(25 + 15 + 50, one { "loss", area = true })
    assert.are.equal(10, one { "loss", below = 1.5 })
    assert.are.equal(20, one { "loss", above = 1.5, in_a_row = 2 })
    assert.are.equal(99, one { "loss", below = 0, never = 99 })
    assert.are.equal(1.75, one { "loss", "acc" }) -- the mean of both
  end)

  it("are paired by seed", function()
    local both = { a = { m = { 1, 2, 4 } }, b = { m = { 4, 2, 1 } } }
    local function list(f) return (value(f, both)) end
    assert.are.same({ -3, 0, 3 }, list(function(arms) return arms.a "m" - arms.b "m" end))
    assert.are.same({ 0.25, 1, 4 }, list(function(arms) return arms.a "m" / arms.b "m" end))
    assert.are.same({ 1, 0, 4 }, list(function(arms) return (2 - arms.a "m"):abs() ^ 2 end))
    assert.are.same({ -5, -4, -5 }, list(function(arms) return -(arms.a "m" + arms.b "m") end))
    assert.are.same({ 0, 0, 1 }, list(function(arms) return (arms.a "m"):above(arms.b "m") end))
    assert.are.same({ 0, 1, 1 }, list(function(arms) return (arms.a "m"):at_least(2) end))
    assert.are.same({ 1, 2, 1 }, list(function(arms) return as.claim.min { arms.a "m", arms.b "m" } end))
    assert.are.same({ 2.5, 2, 2.5 }, list(function(arms) return as.claim.mean { arms.a "m", arms.b "m" } end))
    assert.are.same({ 1, 2, 4, 4, 2, 1 }, list(function(arms) return as.claim.join { x = arms.a "m",
      y = arms.b "m" } end))
  end)

  it("know the runs they came from", function()
    local _, v = value(function(arms) return arms.a "m" - arms.b "m" end,
      { a = { m = { 1, 2 } }, b = { m = { 3, 4 } } })
    assert.are.same({ 1, 101 }, v.values[1].runs)
    assert.are.same({ 2, 102 }, v.values[2].runs)
    _, v = value(function(arms) return (arms.a "m"):mean() end,
      { a = { m = { 1, 2 } }, b = { m = { 3, 4 } } })
    assert.are.same({ 1, 2 }, v.values[1].runs) -- pooled: those it read
  end)
end)

describe("a verdict", function()
  local better = as.claim.beats { "a", "b", metric = "m", by = 0.01, seeds = "4 of 5" }
  local function against_zero(list)
    return { a = { m = list }, b = { m = { 0, 0, 0, 0, 0 } } }
  end

  it("keeps rule and interval side by side", function()
    -- mean 0.03, sd sqrt(0.00025), t(4) = 2.776445105: half 0.0196324
    local v = verdict(better, against_zero { 0.01, 0.02, 0.03, 0.04, 0.05 })
    near(0.03, v.mean)
    near(0.03 - 2.7764451051977987 * math.sqrt(0.00025 / 5), v.low)
    assert.are.equal("met above holds", ("%s %s %s"):format(v.rule, v.interval, v.outcome))
    assert.matches("5 seeds: no exact two%-sided p is below 0.0625", v.sentence)
    -- the rule is met, the interval goes across: it still holds
    v = verdict(better, against_zero { 0.01, 0.02, 0.2, 0.04, -0.05 })
    assert.are.equal("met across holds", ("%s %s %s"):format(v.rule, v.interval, v.outcome))
    -- surely better, but not by as much as was said
    v = verdict(better, against_zero { 0.005, 0.005, 0.006, 0.004, 0.005 })
    assert.are.equal("not_met above unclear", ("%s %s %s"):format(v.rule, v.interval, v.outcome))
    assert.matches("mean 0.005, wanted at least 0.01", v.sentence)
    v = verdict(better, against_zero { 0.5, -0.01, -0.01, 0.5, 0.5 })
    assert.are.equal("not_met across unclear", ("%s %s %s"):format(v.rule, v.interval, v.outcome))
    assert.matches("3 of 5 on the right side of 0, wanted 4 of 5", v.sentence)
    v = verdict(better, against_zero { -0.01, -0.02, -0.03, -0.04, -0.05 })
    assert.are.equal("not_met below fails", ("%s %s %s"):format(v.rule, v.interval, v.outcome))
  end)

  it("is unclear with the reason where there is no number", function()
    local function reason(values)
      local v = verdict(better, values)
      assert.are.equal("unclear not_met", v.outcome .. " " .. v.rule)
      return v.sentence
    end
    assert.are.equal("seed 2 is NaN", reason(against_zero { 1, 0 / 0, 1, 1, 1 }))
    assert.are.equal("seed 1 is infinite", reason(against_zero { 1 / 0, 1, 1, 1, 1 }))
    assert.are.equal('run 3 (a, seed 3) never logged "m"; it logged: acc, m',
      reason { a = { m = { 1, 1 }, acc = { 1, 1, 1, 1, 1 } }, b = { m = { 0, 0, 0, 0, 0 } } })
    assert.are.equal("seed 5 has no partner: the other numbers lack it",
      reason { a = { m = { 1, 1, 1, 1, 1 } }, b = { m = { 0, 0, 0, 0 } } })
    assert.matches("4 of 4 on the right side of 0, wanted 4 of 5", verdict(better,
      { a = { m = { 1, 1, 1, 1 } }, b = { m = { 0, 0, 0, 0 } } }).sentence)
    assert.matches("its function failed: .*claim_spec.lua:%d+: attempt to", verdict(as.claim {
      kind = "superiority", statement = "s", value = function(arms) return arms.a:curves("m")[9].value end,
    }, against_zero { 1 }).sentence)
    assert.matches("one seed has no interval", verdict(as.claim.beats { "a", "b", metric = "m" },
      { a = { m = { 1 } }, b = { m = { 0 } } }).sentence)
  end)

  it("says p only where one can be small", function()
    local eight = { a = { m = { 1, 2, 3, 4, 5, 6, 7, 8 } }, b = { m = { 0, 0, 0, 0, 0, 0, 0, 0 } } }
    local v = verdict(as.claim.beats { "a", "b", metric = "m", interval = "wilcoxon" }, eight)
    near(2 / 256, v.sign_p)
    near(2 / 256, v.wilcoxon_p)
    near(2, v.low) -- n = 8: P(W <= 3) = 5/256 = 0.0195: the fourth of the means of pairs 1, 1.5, 2, 2, ...
    near(7, v.high)
    v = verdict(as.claim.beats { "a", "b", metric = "m" },
      { a = { m = { 1, 2, 3 } }, b = { m = { 0, 0, 0 } } })
    assert.is_nil(v.sign_p)
    assert.matches("3 seeds: no exact two%-sided p is below 0.25", v.sentence)
  end)

  it("counts what equals the null where the claim says so", function()
    local values = { a = { m = { 1, 0, 0, 0, 0 } }, b = { m = { 0, 0, 0, 0, 0 } } }
    assert.are.equal("unclear", verdict(as.claim.beats { "a", "b", metric = "m", seeds = "4 of 5" },
      values).outcome)
    local claim = as.claim.beats { "a", "b", metric = "m", seeds = "4 of 5", or_equal = true }
    assert.are.equal("holds", verdict(claim, values).outcome)
  end)

  it("of a pooled number without an interval is its rule", function()
    local claim = as.claim { kind = "threshold", statement = "s", null = 0.9, value = function(arms)
      return (arms.a "m"):mean()
    end }
    assert.are.equal("holds", verdict(claim, { a = { m = { 0.95, 0.95 } } }).outcome)
    assert.are.equal("fails", verdict(claim, { a = { m = { 0.85, 0.85 } } }).outcome)
  end)

  it("of a correlation has a bootstrap, the same every time", function()
    local points, x = {}, {}
    for i = 1, 40 do
      points[i], x[i] = { i, i + 7 * (i % 5) }, { i, i }
    end
    local values = { a = { gap = { points }, guess = { x } } }
    local claim = as.claim.correlates { "a", x = "guess", y = "gap", above = 0.5, share = 0.9 }
    local v, again = verdict(claim, values), verdict(claim, values)
    assert.are.equal("holds", v.outcome)
    assert.is_true(v.low < v.mean and v.mean < v.high and v.high <= 1)
    assert.is_true(v.right_share > 0.99)
    assert.is_true(v.low == again.low and v.high == again.high)
    assert.are.equal("fails", verdict(as.claim.correlates { "a", x = "guess", y = "gap", below = 0 },
      values).outcome)
  end)

  it("of joined claims follows theirs", function()
    local claims = {
      one = as.claim.threshold { "a", metric = "m", above = 0 },
      two = as.claim.threshold { "a", metric = "n", above = 0 },
      both = as.claim.all { "one", "two" },
    }
    local function both(n)
      local v = verdicts(claims, { a = { m = { 1, 1.1, 1.2 }, n = n } }).both
      return v.outcome .. " " .. v.rule .. ": " .. v.sentence
    end
    assert.are.equal("holds met: one holds, two holds", both { 1, 2, 3 })
    assert.are.equal("fails not_met: one holds, two fails", both { -1, -1.1, -1.2 })
    assert.are.equal("unclear not_met: one holds, two is unclear", both { -9, 1, 2 })
  end)

  it("of what is only reported has numbers and no rule", function()
    local v = verdict(as.claim.reported { "a", "b", metric = "m" }, against_zero { 1, 2, 3, 4, 5 })
    assert.are.equal("reported", v.outcome)
    assert.is_nil(v.rule)
    near(3, v.mean)
  end)
end)
