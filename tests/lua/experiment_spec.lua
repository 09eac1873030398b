-- as.experiment: what a declaration may be, overrides, the parameters a run sees.
local experiment = require "assay.experiment"
local plan = require "assay.plan"

local function nothing() end

local function declaration(changes)
  local x = {
    name = "x", seeds = 2, run = nothing,
    params = { lr = 1e-2, epochs = 3, sizes = { 1, 2 }, net = { width = 10, name = "mlp" }, fast = true },
    arms = { plain = {}, noisy = { noise = 0.5 } },
  }
  for key, value in pairs(changes or {}) do
    x[key] = value
  end
  return x
end

-- Nodes as core/config makes them.
local function value(name, v, source)
  local kind = math.type(v) == "integer" and "integer" or math.type(v) == "float" and "real"
    or type(v) == "boolean" and "bool" or type(v) == "string" and "string" or "null"
  return { kind = kind, value = v, name = name, source = source or "--set" }
end

local function map(name, ...)
  return { kind = "map", name = name, source = "c.yaml:1", items = { ... } }
end

local function list(name, ...)
  local items = { ... }
  for i, v in ipairs(items) do
    items[i] = value(nil, v)
  end
  return { kind = "list", name = name, source = "c.yaml:2", items = items }
end

local function planned(options)
  options = options or {}
  return plan.make(experiment.declare(declaration(options.declared)), {
    overrides = map(nil, table.unpack(options.overrides or {})), seeds = options.seeds or {},
    count = options.count, arms = options.arms or {},
  })
end

local function refused(overrides, options)
  options = options or {}
  options.overrides = overrides
  local ok, problem = pcall(planned, options)
  assert.is_false(ok)
  return type(problem) == "table" and problem.refused or problem
end

describe("a declaration", function()
  local function problem(changes)
    local ok, text = pcall(function()
      experiment.declare(declaration(changes)) -- the line of the message
    end)
    assert.is_false(ok)
    assert.matches("experiment_spec.lua:%d+: as.experiment", text)
    return text
  end

  it("is refused with what is wrong, at the script's line", function()
    assert.matches('no field "arm"; did you mean "arms"%?', problem { arm = {} })
    assert.matches("name: expected a string, found an integer", problem { name = 3 })
    assert.matches("run: expected a function", problem { run = 3 })
    assert.matches("arms is empty", problem { arms = {} })
    assert.matches('"a b" is no name of an arm', problem { arms = { ["a b"] = {} } })
    assert.matches("arms.a: expected a table, found a string", problem { arms = { a = "ce" } })
    assert.matches("seeds: expected a count", problem { seeds = 0 })
    assert.matches("seeds: expected a count", problem { seeds = {} })
    assert.matches("seeds: 4 stands there twice", problem { seeds = { 4, 5, 4 } })
    assert.matches("found 1.5", problem { seeds = { 1.5 } })
    assert.matches("params.f is a function", problem { params = { f = nothing } })
    assert.matches("params.a.b is NaN", problem { params = { a = { b = 0 / 0 } } })
    assert.matches("params: 1 is no name", (problem { params = { 7 } }:gsub("an integer", "1")))
    assert.matches("sizes%[2%] is true or false", problem { params = { sizes = { 1, true } } })
    assert.matches("names its kind", problem { arms = { a = { ls = { "ce", lam = 1 } } } })
    assert.matches("claims: an integer is no name", problem { claims = { 1 } })
    assert.matches("claims.a: expected as.claim", problem { claims = { a = { "x" } } })
  end)

  it("needs name, arms and run", function()
    assert.error_matches(function() experiment.declare { arms = { a = {} }, run = nothing } end,
      "name is missing")
    assert.error_matches(function() experiment.declare { name = "x", run = nothing } end, "arms is missing")
    assert.error_matches(function() experiment.declare { name = "x", arms = { a = {} } } end,
      "run is missing")
  end)
end)

describe("a plan", function()
  it("has arms by name, seeds 1 to count, parameters as declared", function()
    local p = planned()
    assert.are.equal("noisy", p.arms[1].name)
    assert.are.equal("plain", p.arms[2].name)
    assert.are.same({ 1, 2 }, p.seeds)
    assert.are.equal(1e-2, p.params.lr)
    assert.are.same({ 1, 2 }, p.params.sizes)
    assert.is_false(p.pool)
  end)

  it("takes overrides with the declared types", function()
    local p = planned { overrides = {
      map("params", value("lr", 1), value("epochs", 5), list("sizes", 7), map("net", value("width", 3)),
        value("fast", false)),
      map("arms", map("noisy", value("noise", 1))), value("seeds", 3),
    } }
    assert.are.equal("float", math.type(p.params.lr))
    assert.are.equal(5, p.params.epochs)
    assert.are.same({ 7 }, p.params.sizes)
    assert.are.equal(3, p.params.net.width)
    assert.are.equal("mlp", p.params.net.name)
    assert.is_false(p.params.fast)
    assert.are.equal(1.0, p.arms[1].config.noise)
    assert.are.same({ 1, 2, 3 }, p.seeds)
  end)

  it("does not change the declaration", function()
    local x = experiment.declare(declaration())
    local overrides = map(nil, map("params", map("net", value("width", 3))))
    plan.make(x, { overrides = overrides, seeds = {}, arms = {} })
    assert.are.equal(10, x.params.net.width)
  end)

  it("chooses arms and seeds", function()
    local p = planned { arms = { "plain" }, seeds = { 9, 4 }, count = 7 }
    assert.are.equal(1, #p.arms)
    assert.are.same({ 9, 4 }, p.seeds)
    assert.are.same({ 1, 2, 3, 4, 5 }, planned({ count = 5 }).seeds)
    assert.are.same({ 6, 7 }, planned({ overrides = { list("seeds", 6, 7) } }).seeds)
  end)

  local noise = { "label_noise", xi = 0.2, kind = "table", classes = 2, table = { 1, 0 },
    source = { "label_noise", xi = 0.1, source = { "digits" } } }

  it("has data sets made of others, and plugins' lists, as the run gets them", function()
    local p = planned {
      declared = { arms = { a = { dataset = noise } } },
      overrides = { map("arms", map("a", map("dataset", map("source", value("xi", 0.3))))) },
    }
    local outer = p.arms[1].config.dataset
    local inner = outer.params.source
    assert.equal("datasets/label_noise datasets/label_noise datasets/digits",
      table.concat({ outer.plugin, inner.plugin, inner.params.source.plugin }, " "))
    assert.same({ 0.2, 0.3 }, { outer.params.xi, inner.params.xi })
    local names = {}
    for i, plugin in ipairs(p.plugins) do
      names[i] = plugin.name
    end
    assert.same({ "digits", "label_noise" }, names)
    local x = experiment.declare(declaration { arms = { a = { dataset = noise } } })
    local seen = experiment.view(x, { arm = "a", params = {}, config = p.arms[1].config }).dataset
    assert.same({ "label_noise", "label_noise", "digits" },
      { seen[1], seen.source[1], seen.source.source[1] })
    assert.same({ 0.2, 0.3 }, { seen.xi, seen.source.xi })
    assert.same({ 1, 0 }, seen.table)
  end)

  it("refuses a wrong data set below another with its path", function()
    local function problem(source)
      local ok, text = pcall(function()
        planned { declared = { arms = { a = { dataset = { "label_noise", source = source } } } } }
      end)
      assert.is_false(ok)
      return text
    end
    assert.matches('arms.a.dataset.source: datasets/label_noise: no parameter "xj"',
      problem { "label_noise", xj = 1 })
    assert.matches("dataset.source.xi is a function", problem { "label_noise", xi = nothing })
    assert.matches("dataset.source is a table", problem { xi = 0.1 })
    assert.matches("source.table%[2%] is true or false", problem { "label_noise", table = { 1, true } })
    assert.matches('label_noise: no parameter "y"', refused({ map("arms", map("a", map("dataset",
      map("source", value("y", 1))))) }, { declared = { arms = { a = { dataset = noise } } } }))
  end)

  it("of a quick look has the arms that smoke names", function()
    local function arms(smoke)
      local p = plan.make(experiment.declare(declaration { smoke = smoke }), {
        overrides = map(nil), seeds = {}, arms = {}, smoke = true, script = "x.lua" })
      local names = {}
      for i, arm in ipairs(p.arms) do
        names[i] = arm.name
      end
      return names, p
    end
    assert.same({ "noisy" }, (arms { arms = { "noisy" } }))
    local names, p = arms { arms = { noisy = { noise = 0.1 } } }
    assert.same({ "noisy", "plain" }, names)
    assert.equal(0.1, p.arms[1].config.noise)
    local ok, problem = pcall(arms, { arms = { "noisi" } })
    assert.is_false(ok)
    assert.equal('x.lua: smoke: arms: no arm "noisi"; did you mean "noisy"?', problem.refused)
  end)

  it("refuses what does not fit, with its place", function()
    local function params(...)
      return refused { map("params", ...) }
    end
    assert.are.equal("--set: params.epochs = 2.5: expected an integer, found a real number",
      params(value("epochs", 2.5)))
    assert.are.equal("s.yaml:12: params.lr = \"fast\": expected a real number, found a string",
      params(value("lr", "fast", "s.yaml:12")))
    assert.are.equal("--set: params.lr = inf: a parameter must be finite", params(value("lr", math.huge)))
    assert.are.equal('--set: params: no parameter "epocs"; did you mean "epochs"?', params(value("epocs", 1)))
    assert.matches("params.net.width = nil: expected an integer, found nothing",
      params(map("net", value("width", nil))))
    assert.matches("params.sizes%[2%] = 1.5: expected an integer", params(list("sizes", 1, 1.5)))
    assert.matches("params.sizes = 3: expected a list, found an integer", params(value("sizes", 3)))
    assert.matches("params.net = 3: expected a map", params(value("net", 3)))
    assert.matches("params.lr: expected a real number, found a map", params(map("lr", value("x", 1))))
    assert.matches('^c.yaml:1: arms: no arm "plian"; did you mean "plain"%?',
      refused { map("arms", map("plian")) })
    assert.matches('no setting "lr"; did you mean "params.lr"%?', refused { value("lr", 1) })
    assert.matches('no setting "param"; did you mean "params"%?', refused { map("param", value("lr", 1)) })
    assert.matches("seeds = 0: expected a count", refused { value("seeds", 0) })
    assert.matches("seeds: 3 stands there twice", refused { list("seeds", 3, 3) })
    assert.matches('%-%-arm: no arm "plan"; did you mean "plain"%?', refused({}, { arms = { "plan" } }))
    assert.matches("%-%-seed: 4 stands there twice", refused({}, { seeds = { 4, 4 } }))
  end)
end)

describe("the parameters of a run", function()
  local x = experiment.declare(declaration { arms = {
    plain = { lr = 0.5, loss = { "cross_entropy" } },
  } })
  local p = experiment.view(x, { arm = "plain",
    params = { lr = 1, epochs = 2, sizes = { 4 }, net = { width = 3, name = "mlp" } },
    config = { lr = 2, loss = { plugin = "losses/ldr_kl", params = { lam = 7 } } } })

  it("are those of the job, the arm's over the experiment's, typed as declared", function()
    assert.are.equal(2.0, p.lr)
    assert.are.equal("float", math.type(p.lr))
    assert.are.equal("integer", math.type(p.epochs))
    assert.are.same({ 4 }, p.sizes)
    assert.are.equal(3, p.net.width)
    assert.are.same({ "ldr_kl", lam = 7 }, p.loss)
  end)

  it("can be listed, not changed, and know their names", function()
    local names = {}
    for name in pairs(p) do
      names[#names + 1] = name
    end
    assert.are.same({ "epochs", "loss", "lr", "net", "sizes" }, names)
    assert.error_matches(function() p.lr = 3 end, "_spec.lua:%d+: p.lr: the parameters of a run cannot")
    assert.error_matches(function() return p.epoch end, 'p has no "epoch"; did you mean "epochs"%?')
    assert.error_matches(function() return p.net.with end, 'p.net has no "with"; did you mean "width"%?')
  end)
end)
