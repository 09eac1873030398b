local as = require "assay"
local nn = require "assay.nn"

describe("scores/grand_1_0", function()
  it("linear softmax of page 4: over W and b", function()
    local net = nn.linear { 2, 3 }
    net.weight:copy_(as.tensor { { 0.5, -0.25 }, { 0, 0.75 }, { -0.5, 0.1 } })
    net.bias:copy_(as.tensor { 0.1, 0, -0.2 })
    local score = as.score { "grand_1_0", model = net }
    assert.near(0.84077182, score(as.tensor { { 1, 2 } }, as.i64 { 1 }):item(), 1e-6)
    -- a weight of the class is a factor of the norm
    local weighted = as.score { "grand_1_0", model = net, class_weight = { 1, 3, 1 } }
    assert.near(3 * 0.84077182, weighted(as.tensor { { 1, 2 } }, as.i64 { 1 }):item(), 1e-5)
  end)

  it("two layers, three items at once and one by one", function()
    local net = nn.seq { nn.linear { 2, 3 }, nn.relu {}, nn.linear { 3, 2 } }
    net[1].weight:copy_(as.tensor { { 1, -1 }, { 0.5, 0.5 }, { -1, 2 } })
    net[1].bias:copy_(as.tensor { 0, 0.1, -0.5 })
    net[3].weight:copy_(as.tensor { { 0.3, -0.2, 0.4 }, { -0.1, 0.6, 0.2 } })
    net[3].bias:copy_(as.tensor { 0.05, -0.05 })
    net:train()
    local score = as.score { "grand_1_0", model = net }
    local x, y = as.tensor { { 1, 2 }, { -1, 0.5 }, { 2, 0.5 } }, { 0, 1, 1 }
    local all = score(x, as.i64(y)):tolist()
    for i, wanted in ipairs { 3.23125559, 1.53689081, 1.53819725 } do
      assert.near(wanted, all[i], 1e-5)
      assert.near(wanted, score(x:slice(1, i, i), as.i64 { y[i] }):item(), 1e-5)
    end
    assert.equal("train", net.mode) -- evaluated in eval, and put back
  end)

  it("refuses another count of classes, a shape and labels out of range", function()
    local net = nn.linear { 2, 3 }
    local function fails(text, weights, labels)
      assert.error_matches(function()
        as.score { "grand_1_0", model = net, class_weight = weights }(as.ones(1, 2), as.i64 { labels })
      end, text, 1, true)
    end
    fails("model: returned f32[1,3], expected f32[N,^C] with C = 2 from parameter class_weight", { 1, 2 }, 0)
    fails("class_weight f32[1,2], expected f32[C]", { { 1, 2 } }, 0)
    fails("ragged lists", { { 1 }, 2 }, 0)
    fails("index 3", nil, 3)
  end)
end)
