local as = require "assay"
local nn = require "assay.nn"

-- A network of x and a level that gives the same numbers whatever comes.
local function constant(values)
  local net = nn.linear { #values, #values }
  net.weight:zero_()
  net.bias:copy_(as.tensor(values))
  return nn.module { net = net, forward = function(self, x) return self.net(x * 0) end }
end

local z <const>, pair_y <const> = as.tensor { { 0.3, -1 } }, as.tensor { { 0, 0.5 } }

local function distil(o)
  o[1] = "dmd"
  o.student, o.fake = o.student or constant { 1, -0.5 }, o.fake or constant { 0.8, -0.4 }
  o.teacher = o.teacher or constant { 0.6, -0.1 }
  o.student_optimizer = as.optim.sgd { o.student, lr = 1 }
  o.fake_optimizer = as.optim.sgd { o.fake, lr = 1 }
  o.clip = 0
  return as.distiller(o), o
end

local function near(expected, found)
  for k, value in ipairs(expected) do
    assert.near(value, found[k], 1e-6)
  end
end

describe("distillers/dmd", function()
  it("adds the regression to the known L_dm: pixels alone", function()
    -- mean (1, -1)^2 = 1, times 0.1; d / d x0 = 0.1 (1, -1), times 0.25, beside (0.25, -0.375)
    local distiller, o = distil { levels = 2, sigma_min = 2, sigma_max = 2 + 1e-9 }
    assert.near(0.10625, distiller:step(z, nil, z, pair_y):item(), 1e-6) -- L_F at sigma 2
    assert.near(0.203125, distiller.reports.dm, 1e-7)
    assert.near(0.1, distiller.reports.regression, 1e-7)
    near({ 1 - 0.25 - 0.025, -0.5 + 0.375 + 0.025 }, o.student.net.bias:tolist())
    near({ 0.8 + 4.25 * 0.2, -0.4 - 4.25 * 0.1 }, o.fake.net.bias:tolist())
    near({ 0.6, -0.1 }, o.teacher.net.bias:tolist())
  end)

  it("measures the squared distance of the features, summed over them", function()
    -- h = (2 x1, x1 + x2, 3): (2, 0.5, 3) and (0, 0.5, 3): 4, and the pixels' 0.1
    local features = nn.linear { 2, 3 }
    features.weight:copy_(as.tensor { { 2, 0 }, { 1, 1 }, { 0, 0 } })
    features.bias:copy_(as.tensor { 0, 0, 3 })
    local distiller, o = distil { features = features, lam_reg = 1 }
    distiller:step(z, nil, z, pair_y)
    assert.near(4.1, distiller.reports.regression, 1e-6)
    -- d / d x0 = 2 (2 2 + 0, 0) + 0.1 (1, -1)
    near({ 1 - 0.25 - 8.1, -0.5 + 0.375 + 0.1 }, o.student.net.bias:tolist())
  end)

  it("starts both batches at sigma_init, which may differ in size", function()
    local seen = {}
    local inner = constant { 1, -0.5 }
    local student = nn.module {
      net = inner.net, forward = function(_, x, sigma, labels)
        seen[#seen + 1] = { x:tolist(), sigma:tolist(), labels:tolist() }
        return inner(x)
      end,
    }
    local distiller = distil { student = student, sigma_init = 2 }
    distiller:step(z, as.i64 { 4 }, z:tile(2, 1), pair_y:tile(2, 1), as.i64 { 5, 6 })
    assert.equal(2, #seen)
    near({ 0.6, -2 }, seen[1][1][1])
    assert.same({ 2, 2 }, seen[2][2])
    assert.same({ { 4 }, { 5, 6 } }, { seen[1][3], seen[2][3] })
  end)

  it("brings a student to pairs where nothing else pulls", function()
    local distiller, o = distil {
      lam_reg = 1, pixel = 0.5, fake = constant { 0, 0.5 }, teacher = constant { 0, 0.5 },
    }
    for _ = 1, 60 do
      o.fake.net.bias:copy_(o.teacher.net.bias)
      distiller:step(z, nil, z, pair_y)
    end
    near({ 0, 0.5 }, o.student.net.bias:tolist())
  end)

  it("refuses bad input", function()
    local function fails(text, o, ...)
      local inputs = select("#", ...) > 0 and table.pack(...) or table.pack(z, nil, z, pair_y)
      assert.error_matches(function() distil(o):step(table.unpack(inputs, 1, inputs.n)) end, text, 1, true)
    end
    fails("pair_y f32[1,3], expected f32[P,...]", {}, z, nil, z, as.zeros(1, 3))
    fails("pair_z was not given", {}, z)
    fails("labels were given, but no pair_labels", {}, z, as.i64 { 0 }, z, pair_y)
    fails("sigma_init = 0 is outside", { sigma_init = 0 })
    fails("sigma_min = 90 is not below", { sigma_min = 90 })
    fails("dm_low = 0.9 is above dm_high = 0.5", { dm_low = 0.9, dm_high = 0.5 })
    fails("what the teacher returned holds NaN", { teacher = function(x) return x / 0 end })
    local same = constant { 0, 0 }
    fails("fake and teacher share the parameter net.weight", { fake = same, teacher = same })
  end)
end)
