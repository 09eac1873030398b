-- Operations as scripts call them, and gradients of each item of a batch.
local as = require "assay"
local nn = require "assay.nn"

local function near(expected, x, tolerance)
  local function walk(e, v)
    if type(e) == "table" then
      assert.equal(#e, #v)
      for i = 1, #e do
        walk(e[i], v[i])
      end
    else
      assert.near(e, v, tolerance or 1e-5)
    end
  end
  walk(expected, x:tolist())
end

describe("operations", function()
  local x = as.tensor { { 3, 1, 2 }, { -1, 5, 0 } }
  it("reduce", function()
    near({ 2 / 3, 62 / 9 }, x:var(2))
    near({ 1, 31 / 3 }, x:var(2, 1))
    near({ math.sqrt(14), math.sqrt(26) }, x:norm(2))
    near({ 1, 0 }, x:argmin(2))
    near({ { 3, 4, 6 }, { -1, 4, 4 } }, x:cumsum(2))
    near({ { 3, 1, 2 }, { 2, 6, 2 } }, x:cumsum(1))
  end)
  it("sort and pick", function()
    local values, places = x:sort()
    near({ { 1, 2, 3 }, { -1, 0, 5 } }, values)
    near({ { 1, 2, 0 }, { 0, 2, 1 } }, places)
    near({ { 3, 2, 1 }, { 5, 0, -1 } }, (x:sort(2, true)))
    values, places = x:top_k(2)
    near({ { 3, 2 }, { 5, 0 } }, values)
    near({ { 0, 2 }, { 1, 2 } }, places)
    near({ 0, 1 }, x:assignment("max"))
    near({ 1, 0 }, x:assignment())
  end)
  it("move", function()
    near({ { 2, 1, 3 }, { 0, 5, -1 } }, x:flip(2))
    near({ { 2, 3, 1 }, { 0, -1, 5 } }, x:roll(1, 2))
    near({ { 9, 3, 1, 2 }, { 9, -1, 5, 0 } }, x:pad(2, 1, 0, 9))
    near({ { 3, 1, 2, 3, 1, 2 }, { -1, 5, 0, -1, 5, 0 } }, x:tile(2, 2))
    local parts = x:split(2, 2)
    assert.equal(2, #parts)
    near({ { 2 }, { 0 } }, parts[2])
  end)
  it("activate, round, clip, compare", function()
    near({ { 3, 1, 2 }, { -0.1, 5, 0 } }, x:leaky_relu(0.1))
    local half = as.tensor({ 0.4, 1.6 }):requires_grad_()
    local y = half:round_through()
    near({ 0, 2 }, y)
    near({ 1, 1 }, as.grad(y:sum(), half))
    near({ 0.6, 0.8 }, as.tensor({ 3, 4 }):clip_norm(1))
    near({ 3, 4 }, as.tensor({ 3, 4 }):clip_norm(6))
    near({ { 8 } }, as.tensor({ { 1, 1 } }):squared_distances(as.tensor { { 3, -1 } }))
    near({ math.log(3), math.log(3) }, as.zeros(2, 3):cross_entropy(as.i64 { 0, 2 }))
  end)
  it("resize and pool", function()
    local image = as.tensor { { { { 0, 4 }, { 8, 12 } } } }
    near({ { { { 6 } } } }, image:avg_pool2d(2))
    near({ { { { 0, 0, 4, 4 }, { 8, 8, 12, 12 } } } }, image:resize2d { 2, 4 })
    near({ { { { 0, 1, 3, 4 }, { 8, 9, 11, 12 } } } }, image:resize2d({ 2, 4 }, "bilinear"))
  end)
  it("factor matrices", function()
    local a = as.tensor { { 4, 2 }, { 2, 5 } }
    near({ { 2, 0 }, { 1, 2 } }, a:cholesky())
    near({ { 1 }, { 1 } }, a:solve(as.tensor { { 6 }, { 7 } }))
    local values, vectors = as.tensor({ { 2, 1 }, { 1, 2 } }):eigh()
    near({ 1, 3 }, values)
    near({ { 1, 0 }, { 0, 1 } }, vectors:transpose():matmul(vectors))
    local u, s, vt = x:svd()
    near(x:tolist(), (u * s):matmul(vt))
  end)
  it("normalise without a scale", function()
    local net = nn.layer_norm { 2, eps = 0, scale = false }
    assert.same({ "bias" }, { table.unpack(net:state()) })
    net.bias:copy_(as.tensor { 5, 6 })
    near({ { 4, 7 } }, net(as.tensor { { 1, 3 } }))
    near({ { { 4 }, { 7 } } }, nn.group_norm({ 1, 2, eps = 0, scale = false })(as.tensor { { { 1 }, { 3 } } })
      + as.tensor { { 5 }, { 6 } })
  end)
  it("attend to what the mask leaves", function()
    local q, v = as.tensor { { 1, 0 } }, as.tensor { { 1 }, { 5 }, { 9 } }
    local k = as.tensor { { 1, 0 }, { 1, 3 }, { 1, -2 } }
    near({ { 5 } }, as.attention(q, k, v))
    near({ { 3 } }, as.attention(q, k, v, as.tensor { { 0, 0, -math.huge } }))
  end)
  it("name the first that makes a NaN, where ASSAY_TRACE_NAN asks for it", function()
    local name = os.tmpname()
    local script = assert(io.open(name, "w"))
    script:write 'local x = require("assay").tensor { 1, 1 / 0 } print(((x - x) * 2):sum())'
    script:close()
    local f = assert(io.popen(("ASSAY_TRACE_NAN=1 '%s' script %s 2>&1"):format(arg[-2], name)))
    assert.matches("sub: the first NaN: result f32%[2%] 1 NaN; input 1 f32%[2%].*; input 2 f32%[2%]",
      f:read "a")
    f:close()
    os.remove(name)
  end)
  it("stop at a limit of memory, and go on without it", function()
    as.memory_limit((as.memory()) + (64 << 20))
    assert.error_matches(function()
      return as.zeros(4096, 1024) + as.zeros(4096, 4096)
    end, "out of memory: f32%[4096,4096%] needs 67108864 bytes")
    as.memory_limit(0)
    assert.equal(16, (as.zeros(4, 4) + 1):sum():item())
  end)
end)

-- The same by one backward pass for each item.
local function by_loop(net, x, y)
  local norms = {}
  local parameters = net:parameters()
  for i = 1, x:size(1) do
    local sum = 0
    local loss = net(x:slice(1, i, i)):cross_entropy(y:slice(1, i, i)):sum()
    for _, g in ipairs(as.grad(loss, parameters)) do
      sum = sum + g:square():sum():item()
    end
    norms[i] = math.sqrt(sum)
  end
  return norms
end

describe("gradients of each item", function()
  local labels = as.i64 { 0, 2, 1, 2 }
  it("of linear layers", function()
    local net = nn.seq { nn.linear { 5, 6 }, nn.relu(), nn.linear { 6, 3, bias = false } }:eval()
    local x = as.randn(4, 5)
    near(by_loop(net, x, labels), as.per_sample_norms(net(x):cross_entropy(labels), net:parameters()))
    local each = as.per_sample_grad(net(x):cross_entropy(labels), net:parameters())
    local all = as.grad(net(x):cross_entropy(labels):sum(), net:parameters())
    for k, g in ipairs(each) do
      near(all[k]:tolist(), g:sum(1))
    end
  end)
  it("of convolutions and normalisations", function()
    local net = nn.seq {
      nn.conv2d { 2, 4, 3, padding = 1 }, nn.group_norm { 2, 4 }, nn.silu(),
      nn.conv2d { 4, 4, 3, bias = false },
      nn.batch_norm { 4 }, nn.flatten(), nn.layer_norm { 36 }, nn.linear { 36, 3 },
    }:eval()
    local x = as.randn(4, 2, 5, 5)
    near(by_loop(net, x, labels), as.per_sample_norms(net(x):cross_entropy(labels), net:parameters()), 1e-4)
  end)
  it("of a layer used twice, over tokens", function()
    local shared, last = nn.linear { 4, 4 }, nn.linear { 4, 3 }
    local net = nn.module {
      shared = shared, last = last,
      forward = function(_, x) return last(shared(shared(x):tanh()):mean(2)) end,
    }:eval()
    local x = as.randn(4, 6, 4)
    near(by_loop(net, x, labels), as.per_sample_norms(net(x):cross_entropy(labels), net:parameters()), 1e-4)
  end)
  it("are refused where the batch is merged", function()
    local net = nn.seq { nn.linear { 5, 4 }, nn.batch_norm { 4 }, nn.linear { 4, 3 } }
    local loss = net(as.randn(4, 5)):cross_entropy(labels)
    assert.error_matches(function() as.per_sample_norms(loss, net:parameters()) end,
      "operations_spec.lua:%d+: .*batch_norm merges the batch of 4 items")
  end)
end)
