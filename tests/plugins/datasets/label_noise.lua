local as = require "assay"

describe("datasets/label_noise", function()
  it("flips xi (C - 1) / C of the labels of one split, and says which", function()
    local clean = as.dataset { "counted" }
    local noisy = as.dataset { "label_noise", source = clean, xi = 0.4 }
    assert.same(clean.splits, noisy.splits)
    local train = noisy.train
    local share = train.noisy:to("f32"):mean():item()
    assert.near(0.4 * 0.9, share, 0.05) -- 2,000 items: sd 0.011
    assert.same(clean.train.y:tolist(), train.clean:tolist())
    assert.same(clean.train.x:shape(), train.x:shape())
    local y, truth, mark = train.y:tolist(), train.clean:tolist(), train.noisy:tolist()
    for i = 1, #y do
      assert.equal(y[i] ~= truth[i] and 1 or 0, mark[i])
    end
    assert.equal(0, noisy.test.noisy:to("f32"):sum():item())
  end)

  it("flips to the next class, and takes the source as a table", function()
    local train = as.dataset { "label_noise", source = { "counted" }, xi = 1, kind = "next" }.train
    assert.equal((train.clean:tolist()[1] + 1) % 10, train.y:tolist()[1])
    assert.has_error(function()
      return as.dataset { "label_noise" }.train
    end)
  end)
end)
