local as = require "assay"

local function at(angles)
  local rows = {}
  for i, degrees in ipairs(angles) do
    rows[i] = { math.cos(math.rad(degrees)), math.sin(math.rad(degrees)) }
  end
  return as.tensor(rows)
end

local first <const>, second <const> = at { 0, 90, 200 }, at { 20, 120, 210 }

local function omega(tau, d)
  return d / 2 * math.log(tau) + 1 / tau
end

-- Embeddings as given, C heads that see the same, phi constant: every temperature is that of t = `bias`.
local function bare(options)
  local o = { "amcl_simclr", in_dim = 2, hidden = 0, heads = 1 }
  for k, v in pairs(options) do
    o[k] = v
  end
  local bias = o.bias
  o.bias = nil
  local head = as.head(o)
  if bias then
    local state = head:state()
    state["phi.out"]:fill_(0)
    state["phi.bias"]:fill_(bias)
    head:load(state)
  end
  return head
end

-- (2.1), its log-sum-exp form and Omega by their definitions; temperature(x, y) of a pair of unit vectors.
local function reference(a, b, o, temperature)
  local z, n, sum = {}, #a, 0
  for i = 1, n do
    z[i], z[n + i] = a[i], b[i]
  end
  local function dot(x, y)
    local s = 0
    for d, v in ipairs(x) do
      s = s + v * y[d]
    end
    return s
  end
  for i = 1, 2 * n do
    local partner = i <= n and i + n or i - n
    local hardest, all = nil, 0
    for j = 1, 2 * n do
      if j ~= i and j ~= partner then
        hardest = (not hardest or dot(z[i], z[j]) > dot(z[i], z[hardest])) and j or hardest
        all = all + math.exp(dot(z[i], z[j]) / temperature(z[i], z[j]))
      end
    end
    local plus, minus = temperature(z[i], z[partner]), temperature(z[i], z[hardest])
    local push = o.neg == "lse" and math.log(all) or dot(z[i], z[hardest]) / minus
    sum = sum + push - dot(z[i], z[partner]) / plus + o.beta * (omega(plus, o.d) - omega(minus, o.d))
  end
  return sum / (2 * n)
end

describe("heads/amcl_simclr", function()
  it("temperature: t = 0 and 1 in 0.05 to 2 give 1.025 and 1.47556423", function()
    for t, tau in pairs { [0] = 1.025, [1] = 1.47556423 } do
      local head = bare { tau_min = 0.05, tau_max = 2, bias = t }
      head(first, second)
      for _, name in ipairs { "tau+ 10%", "tau+ 50%", "tau+ 90%", "tau- 10%", "tau- 50%", "tau- 90%" } do
        assert.near(tau, head.reports[name], 1e-6)
      end
      -- all temperatures alike: Omega of the positive and of the negative cancel
      local fixed = bare { adaptive = false, tau = tau }
      assert.near(fixed(first, second):item(), head(first, second):item(), 1e-5)
    end
  end)

  it("one head of one temperature, lse, beta 0: -log(exp(s+/tau) / sum over the negatives), (1.1)", function()
    local o = { neg = "lse", beta = 0, d = 2 }
    local want = reference(first:tolist(), second:tolist(), o, function() return 0.5 end)
    assert.near(want, bare({ neg = "lse", adaptive = false, tau = 0.5 })(first, second):item(), 1e-5)
  end)

  it("with the positive among the candidates: NT-Xent of heads/simclr, (1.4)", function()
    local amcl = bare { neg = "lse", infonce = true, adaptive = false, tau = 0.2 }
    local simclr = as.head { "simclr", in_dim = 2, hidden = 0, tau = 0.2 }
    assert.near(simclr(first, second):item(), amcl(first, second):item(), 1e-6)
  end)

  it("agrees with the definition where every pair has a temperature of its own", function()
    for _, neg in ipairs { "max", "lse" } do
      for _, d in ipairs { 4, 32 } do
        local o = { neg = neg, beta = 0.1, omega_dim = d, tau_min = 0.05, tau_max = 2, phi_hidden = 5 }
        local head = bare(o)
        local state = head:state()
        local left, right = state["phi.left"][1]:tolist(), state["phi.right"][1]:tolist()
        local b, out = state["phi.hidden_bias"][1][1]:tolist(), state["phi.out"][1]:tolist()
        local function temperature(x, y)
          local t = state["phi.bias"]:item()
          for k = 1, 5 do
            local v = left[k][1] * x[1] + left[k][2] * x[2] + right[k][1] * y[1] + right[k][2] * y[2] + b[k]
            t = t + out[k][1] * math.max(v, 0)
          end
          return 0.05 + 1.95 / (1 + math.exp(-t))
        end
        local given = { neg = neg, beta = 0.1, d = d }
        local want = reference(first:tolist(), second:tolist(), given, temperature)
        assert.near(want, head(first, second):item(), 2e-5)
        -- heads that see the same: the losses add up
        o.heads = 3
        local three = bare(o)
        three:load(state)
        assert.near(3 * want, three(first, second):item(), 6e-5)
      end
    end
  end)

  it("a gradient reaches features, all heads and phi, not phi's input where that is detached", function()
    local a, b = as.randn { 6, 4 }, as.randn { 6, 4 }
    local function gradients(options)
      local o = { "amcl_simclr", in_dim = 4, hidden = 16, out_dim = 3, heads = 2, tau_min = 0.1,
        share_phi = false }
      for k, v in pairs(options) do o[k] = v end
      local head, x = as.head(o), a:clone():requires_grad_()
      head(x, b):backward()
      return head:parameters(), x.grad
    end
    for _, neg in ipairs { "max", "lse" } do
      local parameters, features = gradients { neg = neg }
      assert.is_true(features:abs():max():item() > 0)
      assert.equal(9, #parameters)
      for _, parameter in ipairs(parameters) do
        for c = 1, 2 do
          assert.is_true(parameter.grad[c]:abs():max():item() > 0)
        end
      end
      local _, stopped = gradients { neg = neg, detach_phi_input = true }
      assert.is_true((stopped - features):abs():max():item() > 1e-6)
    end
  end)

  it("the order of the heads changes nothing, nor that of items and views", function()
    local head = as.head { "amcl_simclr", in_dim = 4, out_dim = 3, heads = 3, neg = "lse", tau_min = 0.1 }
    local a, b = as.randn { 5, 4 }, as.randn { 5, 4 }
    local before, state = head(a, b):item(), head:state()
    assert.near(before, head(b, a):item(), 1e-4)
    for _, name in ipairs { "hidden.weight", "hidden.bias", "out.weight", "out.bias" } do
      state[name] = state[name]:index_select(as.i64 { 2, 0, 1 }, 1)
    end
    head:load(state)
    assert.near(before, head(a, b):item(), 1e-4)
  end)

  it("reports s+ and the hardest s-: both 1 where everything is one point", function()
    local head = bare { adaptive = false }
    head(first, second)
    local reports = head.reports
    local c = function(degrees) return math.cos(math.rad(degrees)) end
    assert.near((c(20) + c(30) + c(10)) / 3, reports["s+"], 1e-6)
    -- the nearest that are not the partner: 0-90, 90-20, 200-120, 20-90, 120-200, 210-120
    assert.near((c(90) + c(70) + c(80) + c(70) + c(80) + c(90)) / 6, reports["s-"], 1e-6)
    head(at { 40, 40 }, at { 40, 40 })
    assert.near(1, head.reports["s-"], 1e-6)
  end)

  it("refuses what the page lists", function()
    local function fails(text, options, a, b)
      assert.error_matches(function() bare(options)(a or first, b or second) end, text, 1, true)
    end
    fails("heads = 0 is outside", { heads = 0 })
    fails("tau_min = 0 is outside", { tau_min = 0 })
    fails("tau_min = 0.5 is not below tau_max = 0.5", { tau_min = 0.5, tau_max = 0.5 })
    fails("beta = -0.1 is outside", { beta = -0.1 })
    fails("a batch of 1, expected 2 items or more", {}, at { 0 }, at { 20 })
    fails("an embedding has norm 0", {}, as.zeros(3, 2))
    fails("view_b f32[2,2]", {}, first, at { 0, 90 })
  end)
end)
