local as = require "assay"
local nn = require "assay.nn"

-- A model whose logits are its bias, whatever the input: the numbers can be worked out by hand.
local function constant(logits)
  local net = nn.linear { 1, #logits }
  net.weight:zero_()
  net.bias:copy_(as.tensor(logits))
  return net
end

local function softmax(logits, temperature)
  local p, sum = {}, 0
  for k, value in ipairs(logits) do
    p[k] = math.exp(value / temperature)
    sum = sum + p[k]
  end
  for k = 1, #p do
    p[k] = p[k] / sum
  end
  return p
end

local student_logits <const>, teacher_logits <const> = { 2, 1, 0 }, { 0, 1, 2 }
local x <const> = as.zeros(4, 1)
local labels <const> = as.i64 { 0, 0, 2, 0 }

-- Both sums of exponentials are equal, so KL = sum_k q_k (t_k - s_k) / T = 2 (q_3 - q_1) / T.
local function kl_at(temperature)
  local q = softmax(teacher_logits, temperature)
  return 2 * (q[3] - q[1]) / temperature
end

local function distil(o)
  local student, teacher = constant(student_logits), constant(teacher_logits)
  o[1], o.student, o.teacher = "knowledge", student, teacher
  o.optimizer = as.optim.sgd { student, lr = 1 }
  return as.distiller(o), student, teacher
end

describe("distillers/knowledge", function()
  -- CE of labels 0, 0, 2, 0: three of 0.40760596 and one of 2.40760596
  local ce <const> = 0.90760596

  it("known answers: T^2 KL and cross-entropy, and both by name", function()
    for _, temperature in ipairs { 1, 4, 20 } do
      local distiller = distil { temperature = temperature, alpha = 0.7 }
      local loss = distiller:step(x, labels):item()
      assert.near(0.7 * temperature ^ 2 * kl_at(temperature) + 0.3 * ce, loss, 1e-5)
      assert.near(kl_at(temperature), distiller.reports.kl, 1e-6)
      assert.near(ce, distiller.reports.cross_entropy, 1e-6)
    end
    assert.near(1.15042076, kl_at(1), 1e-8)
  end)

  it("makes one step on the student, none on the teacher", function()
    local distiller, student, teacher = distil { temperature = 2, alpha = 0.5 }
    distiller:step(x, labels)
    -- d loss / d s = alpha T (p_T - q_T) + (1 - alpha) (p - mean onehot)
    local p_t, q_t, p = softmax(student_logits, 2), softmax(teacher_logits, 2), softmax(student_logits, 1)
    local share, bias = { 0.75, 0, 0.25 }, student.bias:tolist()
    for k = 1, 3 do
      local gradient = 0.5 * 2 * (p_t[k] - q_t[k]) + 0.5 * (p[k] - share[k])
      assert.near(student_logits[k] - gradient, bias[k], 1e-6)
    end
    assert.same({ 0, 1, 2 }, teacher.bias:tolist())
    assert.is_nil(teacher.bias.grad)
    assert.is_nil(student.bias.grad)
  end)

  it("alpha 0 is cross-entropy alone, and a student like its teacher has no KL", function()
    assert.near(ce, distil { alpha = 0 }:step(x, labels):item(), 1e-6)
    local distiller, student = distil { alpha = 1, temperature = 3 }
    student.bias:copy_(as.tensor(teacher_logits))
    assert.near(0, distiller:step(x, labels):item(), 1e-6)
    assert.near(0, (student.bias - as.tensor(teacher_logits)):abs():max():item(), 1e-6)
  end)

  it("brings the student to its teacher", function()
    local distiller, student, teacher = distil { alpha = 1, temperature = 2 }
    for _ = 1, 200 do
      distiller:step(x, labels)
    end
    local p, q = student(x):softmax(-1), teacher(x):softmax(-1)
    assert.is_true((p - q):abs():max():item() < 1e-4)
  end)

  it("refuses bad input", function()
    local function fails(text, o, y)
      assert.error_matches(function() distil(o):step(x, y) end, text, 1, true)
    end
    fails("temperature = 0 is outside", { temperature = 0 }, labels)
    fails("alpha = 1.5 is outside 0 to 1", { alpha = 1.5 }, labels)
    fails("labels i64[2], expected i64[B]", {}, as.i64 { 0, 1 })
    fails("expected 0 <= index < 3", {}, as.i64 { 0, 1, 2, 3 })
    assert.error_matches(function()
      local student = constant { 1, 2 }
      as.distiller { "knowledge", student = student, teacher = constant { 1, 2, 3 },
        optimizer = as.optim.sgd { student, lr = 1 } }:step(x, labels)
    end, "do not broadcast", 1, true)
    assert.error_matches(function()
      as.distiller { "knowledge", student = constant { 1, 2 }, teacher = constant { 1, 2 } }:step(x, labels)
    end, "optimizer was not given", 1, true)
  end)
end)
