-- Classes that are rotations of the ten of Fashion-MNIST, batches of some images of some classes, and how
-- well embeddings of unseen classes find each other.
local as = require "assay"

local retrieval = {}

-- [N,1,H,W] a quarter turn further, `turns` times.
local function turned(x, turns)
  for _ = 1, turns do x = x:transpose(3, 4):flip(3) end
  return x:contiguous()
end

--- The first `n` images of each class of `originals`, in all four rotations: { x =, y = }, class 4 i + turns
--- of the i-th original (from 0), items of a class side by side.
function retrieval.classes(split, originals, n)
  local x, y = {}, {}
  for i, original in ipairs(originals) do
    local own = split:subset(split.y:eq(original):neg():argsort():slice(1, 1, n))
    for turns = 0, 3 do
      x[#x + 1] = turned(own.x, turns)
      y[#y + 1] = as.i64(as.full((i - 1) * 4 + turns, n))
    end
  end
  return as.data { x = as.concat(x, 1), y = as.concat(y, 1) }
end

--- `images` of each of `classes` classes, both drawn without repetition; `each` images a class in the data.
function retrieval.batch(data, classes, images, each)
  local chosen, places = as.permutation(#data.y // each, { stream = "batch" }):tolist(), {}
  for c = 1, classes do
    local own = as.permutation(each, { stream = "batch" }):tolist()
    for k = 1, images do places[#places + 1] = chosen[c] * each + own[k] end
  end
  return data:subset(as.i64(places))
end

--- Recall at 1, OPIS, its worst tenth and the spread of the classes' false-accept rates, of embeddings [N,D].
function retrieval.judge(emb, labels)
  local n = #labels
  local unit = emb / emb:square():sum(2):sqrt():reshape(-1, 1)
  local distance = (unit:matmul(unit:transpose()) * -2 + 2):clamp(0, 4):sqrt()
  -- all pairs but an item with itself: the matrix without its first item, in rows of n + 1, less a column
  local function off_diagonal(x)
    return x:reshape(-1):slice(1, 2, n * n):reshape(n - 1, n + 1):slice(2, 1, n):reshape(-1)
  end
  local column = labels:reshape(-1, 1):expand(n, n):contiguous()
  local row = labels:reshape(1, -1):expand(n, n):contiguous()
  local score = as.score { "opis" }
  local opis, worst = score(off_diagonal(distance):double(), off_diagonal(column), off_diagonal(row))
  return { recall = as.score { "recall_at_k" } (emb, labels):mean():item(), opis = opis:item() * 1e3,
    opis_worst = worst:item() * 1e3, far_spread = score.reports.far_spread }
end

return retrieval
