local as = require "assay"
local nn = require "assay.nn"

describe("soups/learned_1_0", function()
  local function net(w)
    local n = nn.linear { 1, 2, bias = false }
    n.weight:copy_(as.tensor { { w }, { 0 } })
    return n
  end
  local x, labels = as.tensor { { 1 }, { -1 } }, as.i64 { 0, 1 } -- a larger weight is better
  local states = { net(0):state(), net(2):state() }

  it("is the uniform soup before it learns", function()
    local soup = as.soup { "learned_1_0", passes = 0 }
    local merged = soup(states, net(0), x, labels)
    assert.near(1, merged.weight:tolist()[1][1], 1e-6)
    assert.near(math.log(1 + math.exp(-1)), soup.reports.loss, 1e-6)
  end)

  it("turns to the better model, through the mixed weights", function()
    local soup = as.soup { "learned_1_0", passes = 60, rate = 0.1 }
    local merged = soup(states, net(0), x, labels)
    local w = merged.weight:tolist()[1][1]
    assert.is_true(w > 1.5 and w < 2, w)
    assert.is_true(soup.reports.loss < math.log(1 + math.exp(-1)))
    -- neither the model nor the states moved
    assert.equal(2, states[2].weight:tolist()[1][1])
  end)

  it("one prior for the whole signature: a model of another count of classes is refused", function()
    local soup = as.soup { "learned_1_0", passes = 1 }
    local balanced = as.tensor { 0.5, 0.5 }
    soup(states, net(0), x, labels, balanced)
    assert.error_matches(function()
      soup(states, net(0), x, labels, as.tensor { 0.2, 0.3, 0.5 })
    end, "model: returned f32[2,2], expected f32[N,^C] with C = 3 from prior", 1, true)
  end)
end)
