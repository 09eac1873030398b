local as = require "assay"

local function loss_of(x0, teacher, fake)
  x0:requires_grad_()
  local loss = as.loss { "dm_surrogate" }(x0, teacher, fake)
  loss:backward()
  return loss:item(), x0.grad
end

local function near(expected, found, tolerance)
  for k, value in ipairs(expected) do
    assert.near(value, found[k], tolerance)
  end
end

describe("losses/dm_surrogate", function()
  it("has the known answer: w = 0.4, g = (0.5, -0.75)", function()
    local loss, gradient = loss_of(as.tensor { { 1, -0.5 } }, as.tensor { { 0.6, -0.1 } },
      as.tensor { { 0.8, -0.4 } })
    assert.near(0.203125, loss, 1e-7)
    near({ 0.25, -0.375 }, gradient:tolist()[1], 1e-7)
  end)

  it("normalises each item by itself: a second one ten times as far changes only the share 1 / B", function()
    local scale = as.tensor { { 1 }, { 10 } }
    local _, gradient = loss_of(as.tensor { { 1, -0.5 } } * scale, as.tensor { { 0.6, -0.1 } } * scale,
      as.tensor { { 0.8, -0.4 } } * scale)
    near({ 0.125, -0.1875 }, gradient:tolist()[1], 1e-6)
    near({ 0.125, -0.1875 }, gradient:tolist()[2], 1e-6)
  end)

  it("takes w from the teacher, not from the fake", function()
    -- |x0 - D_T| = 1, |x0 - D_F| = 4: g = -3
    local _, gradient = loss_of(as.tensor { { 4 } }, as.tensor { { 3 } }, as.tensor { { 0 } })
    assert.near(-3, gradient:item(), 1e-6)
  end)

  it("is exactly 0 where fake and teacher agree, for a tiny w and for none", function()
    for _, miss in ipairs { 1, 1e-30, 0 } do
      local at = as.full(2 + miss, 3, 2)
      local loss, gradient = loss_of(as.full(2, 3, 2), at, at:clone())
      assert.equal(0, loss)
      assert.equal(0, gradient:abs():max():item())
    end
    local loss, gradient = loss_of(as.full(2, 1, 2), as.full(2, 1, 2), as.full(3, 1, 2)) -- 1 / 0
    assert.equal(0, loss)
    assert.equal(0, gradient:abs():max():item())
  end)

  it("carries the mean difference of two Gaussians' denoisers, 1.5 0.49 / 1.49", function()
    -- teacher N(0, 1), student N(1.5, 0.25), sigma 0.7: x ~ N(1.5, 0.74), by the trapezoid rule
    local n <const>, square <const> = 4001, 0.49
    local u = as.arange(n):double() * (16 / (n - 1)) - 8
    local x = (u * math.sqrt(0.74) + 1.5):unsqueeze(2)
    local weight = (u:square() / -2):exp():unsqueeze(2) * (16 / (n - 1) / math.sqrt(2 * math.pi))
    local x0 = x + 1
    local teacher, fake = x / (1 + square), (x * 0.25 + square * 1.5) / (0.25 + square)
    local _, gradient = loss_of(x0:float(), teacher:float(), fake:float())
    -- of B d = n numbers, each over w = |x0 - D_T|
    local difference = gradient:double() * n * (x0 - teacher):abs()
    assert.near(0.493288591, (difference * weight):sum():item(), 1e-6) -- gradients in f32
  end)

  it("refuses other shapes and names what is not finite", function()
    local x = as.zeros(2, 3)
    local loss = as.loss { "dm_surrogate" }
    assert.error_matches(function() loss(x, as.zeros(2, 4), x) end, "teacher f32[2,4]", 1, true)
    for place, name in ipairs { "x0", "teacher", "fake" } do
      local inputs = { x, x, x }
      inputs[place] = x + 1 / 0
      assert.error_matches(function() loss(table.unpack(inputs)) end,
        name .. " holds NaN or infinity", 1, true)
    end
  end)
end)
