-- assay.teacher: trained once, the same bits whoever trains, nothing else of the run moved.
local as = require "assay"
local core = require "assay.core"

local scripts = {}

-- Runs a script with `size` for SIZE in a worker of its own, or several at once; gives what they print.
local script <const> = [[
  local as, nn, teacher = require "assay", require "assay.nn", require "assay.teacher"
  local before = BEFORE
  local width <const> = WIDTH
  local function train(net, params)
    io.write "trained "
    local opt, loss = as.optim.adam { net }, as.loss { "cross_entropy" }
    local x = as.dataset { "gauss_mixture", train = 64 }.train
    for _ = 1, params.steps do
      opt:update(loss(net(x.x + as.randn(64, 2) * math.random()), x.y))
    end
    return net
  end
  local function get()
    return teacher {
      name = "tiny", params = { steps = 3 }, seed = SEED, plugins = { "losses/cross_entropy" },
      build = function() return nn.seq { nn.linear { 2, width }, nn.linear { width, 8 } } end, train = train,
    }
  end
  if before then as.dataset { "gauss_mixture" }; as.randn(7); math.random() end
  local own = { as.randn(1):item(), math.random(), (as.dataset { "gauss_mixture" }.train.x:mean():item()) }
  local net, sha256 = get()
  io.write(sha256, " ", net.mode, " ", tostring(net(as.ones(1, 2)).requires_grad), " ")
  get()
  own[4], own[5] = as.randn(1):item(), math.random()
  own[6] = as.dataset { "gauss_mixture" }.train.x:mean():item()
  io.write(("%.17g %.17g %.17g %.17g %.17g %.17g\n"):format(table.unpack(own)))
]]

local function run(cache, o, copies)
  local values = { BEFORE = tostring(o.before or false), WIDTH = o.width or 4, SEED = o.seed or 1 }
  local text = script:gsub("%u%u+", values)
  local name = os.tmpname()
  scripts[#scripts + 1] = name
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
  local worker = os.getenv "ASSAY_BUILD" .. "/assay-worker"
  local command = ("XDG_CACHE_HOME=%s %s script %s 2>&1"):format(cache, worker, name)
  local p = assert(io.popen((("%s & "):format(command)):rep(copies or 1) .. "wait"))
  local printed = p:read "a"
  p:close()
  return printed
end

local function fresh()
  local folder = os.tmpname()
  os.remove(folder)
  assert(os.execute("mkdir " .. folder))
  return folder
end

local function without_trained(text)
  return (text:gsub("trained ", ""))
end

describe("teachers", function()
  local one, other = fresh(), fresh()

  it("train once, and leave the run's draws where they were", function()
    local first, again = run(one, {}), run(one, {})
    assert.matches("^trained %x+ eval false", first)
    assert.equal(without_trained(first), again)
    assert.equal(64, #first:match "trained (%x+)")
  end)

  it("have the same bits whoever trains them", function()
    local first, late = run(one, {}):match "^%x+", run(other, { before = true })
    assert.equal(first, late:match "^trained (%x+)")
  end)

  it("are others with another seed, other code or another value that the code captures", function()
    local first = run(one, {}):match "%x+"
    for _, o in ipairs { { seed = 2 }, { width = 5 } } do
      local text = run(one, o)
      assert.matches("^trained", text)
      assert.is_true(text:match "trained (%x+)" ~= first)
    end
  end)

  it("are trained by one of several processes that ask at once", function()
    local cache = fresh()
    local text = run(cache, { width = 16 }, 3)
    assert.equal(1, select(2, text:gsub("trained ", "")))
    local lines = {}
    for line in without_trained(text):gmatch "[^\n]+" do
      lines[#lines + 1] = line
    end
    assert.equal(3, #lines)
    assert.equal(lines[1], lines[2])
    assert.equal(lines[1], lines[3])
    os.execute("rm -r " .. cache)
  end)

  it("refuse what would not be part of the key", function()
    local teacher, net = require "assay.teacher", require("assay.nn").relu {}
    local function fails(text, o)
      assert.error_matches(function() teacher(o) end, text, 1, true)
    end
    fails("name is a b", { name = "a b" })
    fails("train is a nil", { name = "a", build = print })
    fails("train uses net, which is an object (nn.relu)",
      { name = "a", build = print, train = function() return net end })
    fails('no option "sead"', { name = "a", sead = 3 })
    fails("no plugin", { name = "a", build = print, train = print, plugins = { "losses/none_such" } })
  end)

  it("isolation puts everything back when what runs in it fails", function()
    local before = as.randn { 1, stream = "kept" }:item()
    local place = core.streams().kept
    local ok, text = pcall(core.isolated, 5, function()
      as.randn { 3, stream = "kept" }
      error "no idea"
    end)
    assert.is_false(ok)
    assert.matches("no idea", text)
    assert.same(place, core.streams().kept)
    assert.is_true(before ~= as.randn { 1, stream = "kept" }:item())
    assert.same({ 1, 2, 3 }, { core.isolated(1, function(...) return ... end, 1, 2, 3) })
  end)

  it("leaves nothing behind", function()
    for _, name in ipairs(scripts) do
      os.remove(name)
    end
    assert.is_true(os.execute(("rm -r %s %s"):format(one, other)))
  end)
end)
