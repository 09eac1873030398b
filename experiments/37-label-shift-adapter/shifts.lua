-- The data: a long-tailed source; targets whose label distributions run from the source's to its reverse,
-- corrupted; and images no network has seen, to choose a learning rate on.
local as = require "assay"

local shifts = {}

--- Targets by name: frequency of the class of rank c (0 the source's most frequent) is ratio^(sign c / 9).
shifts.labels = {
  { "forward50", 50, -1 }, { "backward50", 50, 1 }, { "uniform", 1, 0 },
  { "forward10", 10, -1 }, { "backward10", 10, 1 },
}

shifts.corruptions = {
  { "noise", { kind = "noise", sd = 0.2 } }, { "none" }, { "contrast", { kind = "contrast", factor = 0.4 } },
  { "blur", { kind = "blur" } }, { "rotation", { kind = "rotate", degrees = 20 } },
}

--- The source's images, its label distribution pi_s [10], and the rank of each class by frequency, i64[10].
function shifts.source(clean)
  local long_tail = as.dataset { "long_tail", source = clean, n_max = 1000, ratio = 50 }
  local data = as.data(long_tail.train)
  local counts = data.y:one_hot(10):sum(1)
  return data, counts / #data, (-counts):argsort():float():argsort()
end

--- pi [10]: ratio^(sign rank / 9), normalised.
function shifts.distribution(rank, ratio, sign)
  return (rank:float() * (sign * math.log(ratio) / 9)):softmax(-1)
end

--- Places of round(n pi_c) items of each class of y, without replacement, in drawn order.
function shifts.places(y, pi, n)
  local parts, draw = {}, { #y, stream = "targets" }
  for class, share in ipairs(pi:tolist()) do
    local wanted = math.floor(n * share + 0.5)
    local _, places = (as.rand(draw) + y:eq(class - 1)):top_k(math.max(wanted, 1))
    parts[#parts + 1] = wanted > 0 and places or nil
  end
  local all = as.concat(parts, 1)
  return all:index_select(as.permutation(#all, { stream = "targets" }), 1)
end

--- A data set's test split under a corruption.
function shifts.corrupted(clean, options)
  if not options then
    return as.data(clean.test)
  end
  local spec = { "corruptions", source = clean, split = "test" }
  for name, value in pairs(options) do
    spec[name] = value
  end
  return as.data(as.dataset(spec).test)
end

--- Images [B,1,28,28], each moved by up to 2 pixels, mirrored or not, with noise of deviation 0.1.
function shifts.augmented(x)
  local B = #x
  local function drawn(below) return as.randint(below, { B, 1, 1, 1, stream = "augment" }):float() end
  local grid = as.arange(28):float()
  local rows = grid:reshape(1, 1, 28, 1) + drawn(5)
  local columns = grid:reshape(1, 1, 1, 28)
  local mirror = drawn(2)
  columns = columns + mirror * (27 - columns * 2) + drawn(5) -- 27 - column where mirrored
  local wide = x:pad(3, 2, 2):pad(4, 2, 2)
  local moved = wide:gather(rows:long():expand(B, 1, 28, 32), 3)
  moved = moved:gather(columns:long():expand(B, 1, 28, 28), 4)
  return moved + as.randn { B, 1, 28, 28, stream = "augment" } * 0.1
end

--- n noisy training images of each class, none of them among the source's.
function shifts.unseen(clean, source, n)
  local seen, train = {}, as.data(clean.train)
  for i = 1, #source do
    seen[source.x[i]:bytes()] = true
  end
  local drawn, places, left = train:balanced(2 * n), {}, as.full(n, 10):tolist()
  for i, class in ipairs(drawn.y:tolist()) do
    if left[class + 1] > 0 and not seen[drawn.x[i]:bytes()] then
      left[class + 1] = left[class + 1] - 1
      places[#places + 1] = i - 1
    end
  end
  local data = drawn:subset(as.i64(places)):subset(as.permutation(#places, { stream = "targets" }))
  local noise = as.randn { #data, 1, 28, 28, stream = "noise" } * 0.2
  return as.data { x = (data.x + noise):clamp(0, 1), y = data.y }
end

return shifts
