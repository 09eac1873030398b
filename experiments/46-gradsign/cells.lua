-- The search space of NAS-Bench-201 (Dong & Yang 2020) and the forty cells of it that are trained. A cell has
-- four nodes; node j is the sum of an operation on each node before it.
local as = require "assay"
local nn = require "assay.nn"

local cells = {}

-- Drawn once, uniformly, among those whose first node reaches the last: the operations of the edges 1-2, 1-3,
-- 2-3, 1-4, 2-4, 3-4; 0 none, 1 skip, 2 conv1x1, 3 conv3x3, 4 avgpool3x3.
cells.list = {
  "030441", "414400", "020014", "242033", "213303", "440312", "432104", "204233",
  "132210", "414202", "024124", "441410", "302140", "123404", "011200", "331134",
  "233132", "103224", "420312", "332240", "104232", "044302", "234001", "441022",
  "100430", "414042", "031102", "413231", "201212", "222440", "343424", "143334",
  "314013", "110302", "401420", "401412", "232433", "112232", "221120", "130120",
}

local edges <const> = { { 1, 2 }, { 1, 3 }, { 2, 3 }, { 1, 4 }, { 2, 4 }, { 3, 4 } }

-- ReLU, convolution, group normalisation; the last can be left out.
local function conv(width, kernel, normed)
  return nn.seq { nn.relu {}, nn.conv2d { width, width, kernel, padding = kernel // 2, bias = false },
    normed and nn.group_norm { 2, width } or nil }
end

-- The mean over the part of each 3x3 window that lies inside x.
local function average(x)
  local window = { stride = 1, padding = 1 }
  local inside = as.ones(1, 1, x:size(3), x:size(4)):to(x.dtype):avg_pool2d(3, window)
  return x:avg_pool2d(3, window) / inside
end

local function cell(code, width, normed)
  local o, kinds = {}, {}
  for k = 1, #edges do
    local kind = code:sub(k, k)
    kinds[k] = kind
    o["edge" .. k] = (kind == "2" or kind == "3") and conv(width, kind == "2" and 1 or 3, normed) or nil
  end
  function o.forward(self, x)
    local node = { x } -- nil where nothing arrives
    for k, edge in ipairs(edges) do
      local from, to, kind = node[edge[1]], edge[2], kinds[k]
      if from and kind ~= "0" then
        local y = kind == "1" and from or kind == "4" and average(from) or self["edge" .. k](from)
        node[to] = node[to] and node[to] + y or y
      end
    end
    return node[4]
  end
  return nn.module(o)
end

--- The network of a cell: stem, the cell, 2x2 pooling, the cell again, the mean over places, ten classes.
---@param code string       as in cells.list
---@param width integer     channels
---@param normed boolean    false leaves the normalisation layers out, as scores/synflow wants
function cells.network(code, width, normed)
  local stem = nn.conv2d { 1, width, 3, padding = 1, bias = false }
  return nn.module {
    stem = normed and nn.seq { stem, nn.group_norm { 2, width } } or nn.seq { stem },
    first = cell(code, width, normed), second = cell(code, width, normed), head = nn.linear { width, 10 },
    forward = function(self, x)
      local h = self.second(self.first(self.stem(x)):avg_pool2d(2))
      return self.head(h:mean { 3, 4 }:reshape(-1, width))
    end,
  }
end

--- The same network without its normalisation layers, with the same weights.
function cells.without_norm(net, code, width)
  local twin, theta = cells.network(code, width, false), net:state()
  local kept = twin:state()
  for _, name in ipairs(kept) do kept[name] = theta[name] end
  twin:load(kept)
  return twin
end

return cells
