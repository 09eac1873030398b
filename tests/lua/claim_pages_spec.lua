-- Claims of ten papers' reproductions, of ten different forms, each as its declaration states it; on numbers
-- made so that each verdict (holds, fails, unclear) is known.
local as = require "assay"
local judge = require "assay.claim.judge"
local experiment = require "assay.experiment"
local plan = require "assay.claim.plan"

-- Declares the claims for these arms (a list of names) and judges them on values(arm, seed, metric), which
-- gives a number or a list of them, step by step.
local function verdicts(claims, arms, seeds, values)
  local fields, list, name_of, logged = {}, {}, {}, {}
  for i, name in ipairs(arms) do
    fields[name], list[i] = {}, { name = name, runs = {} }
    for seed = 1, seeds do
      list[i].runs[seed] = { id = 100 * i + seed, seed = seed }
      name_of[100 * i + seed] = name
    end
  end
  plan(experiment.declare { name = "page", arms = fields, seeds = seeds, run = print, claims = claims })
  local function curve(id, seed, metric)
    local value = values(name_of[id], seed, metric)
    local out = { step = {}, value = type(value) == "table" and value or { value } }
    for i in ipairs(out.value) do
      out.step[i] = i
    end
    return out
  end
  return judge.all(claims, list, {
    curve = curve, names = function() return logged end,
    last = function(...)
      local c = curve(...)
      return c.value[#c.value]
    end,
  })
end

-- A function that says what all verdicts of a claim are, in the order of the cases.
local function outcomes(claims, arms, seeds, ...)
  local judged = {}
  for i, values in ipairs { ... } do
    judged[i] = verdicts(claims, arms, seeds, values)
  end
  return function(name)
    local words = {}
    for i, one in ipairs(judged) do
      words[i] = one[name].outcome
    end
    return table.concat(words, " ")
  end
end

-- A number that goes up and down with the seed, by at most 0.5.
local function wobble(seed)
  return ({ 0.1, -0.3, 0.5, -0.2, -0.1, 0.3, -0.5, 0.2, 0.4, -0.4 })[seed]
end

describe("a claim of page", function()
  it("02: below in 4 of 5 seeds, median ratio at most 0.9", function()
    local claims = { r5 = as.claim.beats { "r5", "r1", metric = "w2", lower = true, relative = 0.1,
      center = "median", seeds = "4 of 5", paper = "more stable with five fake updates" } }
    local function case(ratios)
      return function(arm, seed) return arm == "r1" and 0.5 or 0.5 * ratios[seed] end
    end
    assert.are.equal("holds fails unclear", outcomes(claims, { "r1", "r5" }, 5,
      case { 0.7, 0.6, 0.4, 0.8, 1.1 }, -- the median ratio is 0.7
      case { 1.2, 1.3, 1.1, 1.4, 1.25 },
      case { 0.95, 0.97, 0.93, 0.99, 0.8 }) "r5") -- always below, but not by as much
  end)

  it("04: a margin, a loss, and a floor, under one headline", function()
    local claims = {
      keep = as.claim.beats { "el2n", "random", metric = "acc", by = 0.002, seeds = "4 of 5" },
      easy = as.claim.beats { "random", "keep_min", metric = "acc", by = 0.03 },
      noise = as.claim.threshold { "el2n", metric = "noise/auroc", above = 0.9 },
      grand = as.claim.reported { "grand", "random", metric = "acc" },
      headline = as.claim.all { "keep", "easy", "noise" },
    }
    local arms = { "el2n", "random", "keep_min", "grand" }
    local function case(gain, auroc)
      return function(arm, seed, metric)
        if metric == "noise/auroc" then return auroc + 0.01 * wobble(seed) end
        return 0.8 + ({ el2n = gain, random = 0, keep_min = -0.1, grand = 0.001 })[arm]
          + (arm == "el2n" and 0.002 or 0) * wobble(seed)
      end
    end
    assert.are.equal("holds fails unclear", outcomes(claims, arms, 5,
      case(0.004, 0.95), case(0.004, 0.8), case(0.001, 0.95)) "headline")
    assert.are.equal("reported", outcomes(claims, arms, 5, case(0, 1)) "grand")
  end)

  it("07: each arm at the rate best over the seeds, then paired", function()
    local rates = { "1", "2", "3" }
    local arms = {}
    for _, rate in ipairs(rates) do
      for _, name in ipairs { "sim", "di" } do
        arms[#arms + 1] = name .. "_" .. rate
      end
    end
    local function best(finished, name)
      local found
      for _, rate in ipairs(rates) do
        local w2 = finished[name .. "_" .. rate] "w2"
        found = (not found or w2:mean() < found:mean()) and w2 or found
      end
      return found
    end
    local claims = { best = as.claim { kind = "superiority", median = 0.05, seeds = "4 of 5",
      statement = "SIM at its best rate has a lower W2 than Diff-Instruct at its own",
      value = function(finished) return 1 - best(finished, "sim") / best(finished, "di") end,
    } }
    local function case(ratio)
      return function(arm, seed)
        local rate = tonumber(arm:sub(-1))
        local w2 = (arm:find "sim" and ratio or 1) * (1 + math.abs(rate - 2)) -- the second rate is best
        return w2 + (rate ~= 2 and seed == 1 and -1.5 or 0) + 0.01 * wobble(seed) -- not the best of one seed
      end
    end
    assert.are.equal("holds fails unclear",
      outcomes(claims, arms, 5, case(0.9), case(1.1), case(0.97)) "best")
  end)

  it("18: a gap to the truth at one setting in 4 of 5 seeds, and a bound on a distance", function()
    local claims = {
      pc = as.claim { kind = "superiority", statement = "PC at 50 steps is nearer the truth than P at 100",
        seeds = "4 of 5", value = function(arms)
          return (arms.p_100 "nll" - arms.truth "nll") - (arms.pc_50 "nll" - arms.truth "nll")
        end },
      ode = as.claim { kind = "threshold", statement = "the flow's likelihood is right", null = 0.02,
        side = "below", value = function(arms) return (arms.ode "nll" - arms.truth "nll"):abs() end },
    }
    local arms = { "p_100", "pc_50", "truth", "ode" }
    local function case(gain, error)
      return function(arm, seed)
        local nll = { truth = 1.698, p_100 = 1.767, pc_50 = 1.767 - gain, ode = 1.698 + error }
        local spread = { pc_50 = 0.02, ode = 0.001, p_100 = 0, truth = 0 }
        return nll[arm] + 0.01 * seed + spread[arm] * wobble(seed)
      end
    end
    assert.are.equal("holds fails unclear",
      outcomes(claims, arms, 5, case(0.04, 0), case(-0.04, 0), case(0.001, 0)) "pc")
    assert.are.equal("holds fails", outcomes(claims, arms, 5, case(0, 0.005), case(0, 0.05)) "ode")
  end)

  it("37: a mean over metrics, an order of arms, and no more than 3 points lost", function()
    local claims = {
      lsa = as.claim.beats { "lsa", "tent", metric = { "f50", "b50" }, seeds = "4 of 5" },
      shift = as.claim { kind = "superiority", statement = "the gain is larger under backward shift",
        value = function(arms)
          return (arms.lsa "b50" - arms.tent "b50") - (arms.lsa "f50" - arms.tent "f50")
        end },
      loss = as.claim.within { "lsa", "tent", metric = "f50", margin = 0.03 },
      order = as.claim.rises { "source", "tent", "lsa", metric = "b50", by = 0.01 },
    }
    local arms = { "source", "tent", "lsa" }
    local function case(backward, forward)
      return function(arm, seed, metric)
        local gain = ({ lsa = metric == "b50" and backward or forward, tent = 0, source = -0.05 })[arm]
        return 0.6 + gain + (arm == "lsa" and 0.02 or 0) * wobble(seed)
      end
    end
    -- helps; harms; helps as much as it harms
    local all = outcomes(claims, arms, 5, case(0.08, -0.01), case(-0.08, -0.06), case(0.02, -0.02))
    assert.are.equal("holds fails unclear", all "lsa")
    assert.are.equal("holds fails holds", all "loss")
    assert.are.equal("holds fails holds", all "shift")
    assert.are.equal("holds fails holds", all "order")
  end)

  it("38: an event counted as 1 or 0 in each of ten seeds, and one that must never be", function()
    local claims = {
      complete = as.claim { kind = "threshold", statement = "the Gaussian is accepted with a small excess",
        null = 0.5, mean = 0.9, seeds = "9 of 10", value = function(arms)
          local a = arms.tester
          return (a "gauss/accepted") * (a "gauss/err" - a "gauss/opt"):at_most(0.01)
        end },
      sound = as.claim.threshold { "tester", metric = "violations", below = 0, or_equal = true,
        seeds = "10 of 10" },
    }
    local function case(excess, violations)
      return function(_, seed, metric)
        return ({ ["gauss/accepted"] = 1, ["gauss/err"] = 0.1 + excess(seed), ["gauss/opt"] = 0.1,
                  violations = violations(seed) })[metric]
      end
    end
    local function never() return 0 end
    assert.are.equal("holds fails unclear", outcomes(claims, { "tester" }, 10,
      case(function(seed) return seed == 3 and 0.02 or 0.005 end, never),
      case(function() return 0.02 end, never),
      case(function(seed) return seed <= 4 and 0.02 or 0.005 end, never)) "complete")
    assert.are.equal("holds fails unclear", outcomes(claims, { "tester" }, 10,
      case(never, never),
      case(never, function(seed) return 4 + seed % 2 end),
      case(never, function(seed) return seed == 3 and 1 or 0 end)) "sound")
  end)

  it("39: verdicts apart, a margin of half a point, and a mean rank among five", function()
    local names = { "aldr", "ldr", "ce", "gce", "sce" }
    local settings = { "clean", "uniform", "flip" }
    local claims = {
      noisy = as.claim.beats { "aldr", "ce", metric = "uniform", by = 1, seeds = "4 of 5" },
      clean = as.claim.within { "aldr", "ce", metric = "clean", margin = 0.5 },
      rank = as.claim { kind = "threshold", statement = "ALDR's mean rank is in the top 2 of 5 losses",
        null = 2, side = "below", or_equal = true, value = function(arms)
          local place = 1
          local rank = {}
          for _, name in ipairs(names) do
            local sum = 0
            for _, setting in ipairs(settings) do
              local mine = (arms[name](setting)):mean()
              for _, other in ipairs(names) do
                sum = sum + ((arms[other](setting)):mean() > mine and 1 or 0)
              end
            end
            rank[name] = sum
          end
          for _, name in ipairs(names) do
            place = place + (rank[name] < rank.aldr and 1 or 0)
          end
          return place
        end },
    }
    local function case(noisy, clean)
      return function(arm, seed, metric)
        local base = { aldr = metric == "clean" and clean or noisy, ldr = 2, ce = 0, gce = 1, sce = 0.5 }
        return 60 + base[arm] + (arm == "aldr" and 1 or 0) * wobble(seed)
      end
    end
    local all = outcomes(claims, names, 5, case(3, 0.3), case(-3, -3), case(0.7, -0.45))
    assert.are.equal("holds fails unclear", all "noisy")
    assert.are.equal("holds fails holds", all "clean") -- the last: within the margin on average
    assert.are.equal("holds fails fails", all "rank")
  end)

  it("40: the distance to the truth smaller in 6 of 8 seeds and on average, in three settings", function()
    local claims = {}
    for setting, truth in pairs { A = 0.2687, B = 2.071, C = -0.4888 } do
      claims[setting] = as.claim { kind = "superiority", mean = 0, seeds = "6 of 8", interval = "wilcoxon",
        statement = setting .. ": the weights bring the estimate nearer the truth", value = function(arms)
          return (arms.plain(setting) - truth):abs() - (arms.weighted(setting) - truth):abs()
        end }
    end
    claims.headline = as.claim.all { "A", "B", "C" }
    local function case(weighted)
      return function(arm, seed, setting)
        local truth = ({ A = 0.2687, B = 2.071, C = -0.4888 })[setting]
        return truth + (arm == "plain" and 0.3 or weighted(seed, setting))
      end
    end
    assert.are.equal("holds fails unclear", outcomes(claims, { "plain", "weighted" }, 8,
      case(function(seed) return 0.1 * wobble(seed) end), -- far nearer in all eight
      case(function(seed, setting) return setting == "B" and 0.5 + 0.1 * wobble(seed) or 0 end),
      case(function(seed, setting) return setting == "C" and 0.3 + wobble(seed) * 0.5 or 0 end)) "headline")
  end)

  it("41: a correlation above 0.3 in the mean, positive in 3 of 4; a probe that loses nothing", function()
    local claims = {
      rho = as.claim.threshold { "isogclr", metric = "rho_S", above = 0, mean = 0.3, seeds = "3 of 4" },
      probe = as.claim.beats { "isogclr", "simclr", metric = "probe", by = 0, seeds = "3 of 4",
        or_equal = true },
    }
    local function case(rho, gain)
      return function(arm, seed, metric)
        if metric == "rho_S" then return rho + 0.2 * wobble(seed) end
        return 0.6 + (arm == "isogclr" and gain[seed] or 0)
      end
    end
    local good, bad, mixed = { 0.01, 0, 0.02, 0.03 }, { -0.1, -0.11, -0.12, -0.1 }, { 0.2, -0.1, -0.1, 0.1 }
    local all = outcomes(claims, { "isogclr", "simclr" }, 4,
        case(0.5, good), case(-0.5, bad), case(0.2, mixed))
    assert.are.equal("holds fails unclear", all "rho")
    assert.are.equal("holds fails unclear", all "probe") -- a tie is no loss
  end)

  it("46: a difference of rank correlations over forty cells by bootstrap, its sign in each seed", function()
    local function rho(points, column)
      local x, y = {}, {}
      for i, point in ipairs(points) do
        x[i], y[i] = point[column], point.acc
      end
      return as.claim.spearman(x, y)
    end
    -- one run a score seed; each cell is a step
    local function cells(arms, seed)
      local list = {}
      for _, metric in ipairs { "acc", "gradsign", "grad_norm" } do
        for k, curve in ipairs(arms.cells:curves(metric)) do
          for i, value in ipairs(curve.value) do
            list[i] = list[i] or { acc = 0, gradsign = 0, grad_norm = 0 }
            list[i][metric] = list[i][metric] + ((not seed or seed == k) and value or 0)
          end
        end
      end
      return list
    end
    local function difference(points) return rho(points, "gradsign") - rho(points, "grad_norm") end
    local claims = {
      better = as.claim { kind = "superiority", share = 0.9,
        statement = "GradSign ranks better than the gradient norm",
        value = function(arms) return as.claim.bootstrap(cells(arms), difference) end },
      strong = as.claim.correlates { "cells", x = "gradsign", y = "acc", above = 0.3 },
      alone = as.claim { kind = "superiority", seeds = "3 of 3", statement = "in each seed alone",
        value = function(arms)
          return { difference(cells(arms, 1)), difference(cells(arms, 2)), difference(cells(arms, 3)) }
        end },
    }
    claims.headline = as.claim.all { "better", "strong", "alone" }
    local function case(sign_noise, norm_noise)
      return function(_, seed, metric)
        local list = {}
        for i = 1, 40 do
          local noise = ((i * 17 + 5 * seed) % 41) / 41 - 0.5
          list[i] = i / 40 + noise * ({ acc = 0, gradsign = sign_noise, grad_norm = norm_noise })[metric]
        end
        return list
      end
    end
    -- the last: both scores alike, no difference, and none of the resamples on the right side
    local all = outcomes(claims, { "cells" }, 3, case(0.5, 8), case(8, 0.5), case(1, 1))
    assert.are.equal("holds fails unclear", all "better")
    assert.are.equal("holds fails unclear", all "alone")
    assert.are.equal("holds fails unclear", all "headline")
  end)

  it("49: greater or equal in 4 of 5, greater in the mean; a correlation over all pairs", function()
    local claims = {
      greedy = as.claim.beats { "greedy", "best", metric = "acc", by = 1e-9, seeds = "4 of 5",
        or_equal = true },
      gap = as.claim.correlates { "pairs", x = "predicted", y = "measured", above = 0.5 },
    }
    local arms = { "greedy", "best", "pairs" }
    local function case(gain, scatter)
      return function(arm, seed, metric)
        if arm ~= "pairs" then return 0.8 + (arm == "greedy" and gain[seed] or 0) end
        local list = {}
        for i = 1, 8 do
          list[i] = i + (metric == "measured" and scatter((i * 5 + seed * 3) % 8, i) or 0)
        end
        return list
      end
    end
    local function none() return 0 end
    local up = case({ 0.01, 0, 0.02, 0, 0.01 }, none)
    local down = case({ -0.02, -0.01, -0.03, -0.01, -0.02 }, function(_, i) return -2 * i end)
    local mixed = case({ 0.03, 0.01, -0.02, -0.01, 0 }, function(k) return 4 * k end)
    assert.are.equal("holds fails unclear", outcomes(claims, arms, 5, up, down, mixed) "greedy")
    assert.are.equal("holds fails unclear", outcomes(claims, arms, 5, up, down, mixed) "gap")
  end)
end)
