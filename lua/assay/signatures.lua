-- What the functions written in C take and give, for editors (assay.meta). Each is "(parameters): results |
-- what it does", in lua-language-server's types; T stands for assay.Tensor. Operations that are called like
-- others of their form in the table of operations (core/autograd/ops.c) need no line here.
local signatures = {}

--- By the operation's form, its name and text come from the table.
signatures.forms = {
  unary = "(): T",
  unary1 = "(value: number): T",
  unary2 = "(value: number, other?: number): T",
  binary = "(other: T|number): T",
  ternary = "(yes: T|number, no: T|number): T",
  axes = "(axes?: integer|{ [integer]: integer, keep: boolean? }): T",
  axis = "(axis?: integer): T",
  index = "(index: T, axis: integer): T",
  scatter = "(index: T, axis: integer, size: integer): T",
  count = "(classes: integer): T",
  conv = "(weight: T, o?: { stride: assay.Pair?, padding: assay.Pair?, dilation: assay.Pair?, "
    .. "groups: integer? }): T",
  pool = "(kernel: assay.Pair, o?: { stride: assay.Pair?, padding: assay.Pair? }): T",
  resize = "(size: assay.Pair, how?: \"nearest\"|\"bilinear\"): T",
  labels = "(labels: T): T",
  dims = "(...: integer|integer[]): T",
}

--- Methods of tensors beside these.
signatures.methods = {
  matmul = "(other: T): T | [..., M, K] by [..., K, N] -> [..., M, N]; a transposed view costs nothing",
  conv2d = "(weight: T, o?: { stride: assay.Pair?, padding: assay.Pair?, dilation: assay.Pair?, "
    .. "groups: integer? }): T | [B, C, H, W] by [O, C / groups, h, w] -> [B, O, H', W']; "
    .. "o: stride, padding, dilation, each a number or { height, width }, groups",
  max_pool2d = "(kernel: assay.Pair, o?: { stride: assay.Pair?, padding: assay.Pair? }): T "
    .. "| largest of each window of [B, C, H, W]; the stride is the kernel if not said",
  avg_pool2d = "(kernel: assay.Pair, o?: { stride: assay.Pair?, padding: assay.Pair? }): T "
    .. "| mean of each window of [B, C, H, W], zeros outside count; the stride is the kernel if not said",
  resize2d = "(size: assay.Pair, how?: \"nearest\"|\"bilinear\"): T | [B, C, H, W] -> [B, C, height, width]",
  cross_entropy = "(labels: T, smoothing?: number): T "
    .. "| -log softmax of [..., C] at i64 labels [...] -> [...]; smoothing gives a share to all classes",
  one_hot = "(classes: integer): T | i64 [...] -> [..., classes], 0 and 1",
  scatter_add = "(index: T, axis: integer, size: integer): T "
    .. "| items added at places of an axis of that size, where index (of x's shape) says",
  index_add = "(index: T, axis: integer, size: integer): T "
    .. "| slices added at the places i64 [M] of an axis of that size: index_select's transpose",
  cumsum = "(axis?: integer): T | running sum along an axis, the last if not said",
  argsort = "(axis?: integer): T | i64 places in ascending order; equals keep theirs, NaN comes last",
  solve = "(other: T): T | X with x X = other: [N, N] and [N, K]; no gradient",
  cholesky = "(): T | L with x = L L^T, lower triangular; no gradient",
  leaky_relu = "(slope: number): T | x, or slope * x below 0",
  affine = "(factor: number, shift?: number): T | x * factor + shift",
  clamp = "(low?: number, high?: number): T | x into [low, high]; nil is no limit",
  power = "(exponent: number): T | x to a fixed power",
  reshape = "(...: integer|integer[]): T | other sizes; -1 is what is left",
  expand = "(...: integer|integer[]): T | axes of size 1 repeated",
  sum_to = "(...: integer|integer[]): T | sums what broadcasting to x would have repeated",
  permute = "(...: integer|integer[]): T | other axis order: x:permute(1, 3, 2)",
  transpose = "(a?: integer, b?: integer): T | swaps two axes, the last two if not said",
  squeeze = "(axis: integer): T | without an axis of size 1",
  unsqueeze = "(axis: integer): T | a new axis of size 1 there; -1 is after the last",
  flatten = "(first?: integer): T | the axes from `first` (1 if not said) as one",
  slice = "(axis: integer, first: integer, last?: integer, step?: integer): T "
    .. "| both ends included; -1 is the last",
  gather = "(index: T, axis: integer): T "
    .. "| items at places of an axis, from 0: index of x's rank, or without the axis, which then goes",
  index_select = "(index: T, axis: integer): T | slices at places i64 [M] of an axis, which count from 0",
  var = "(axis?: integer, correction?: number): T | variance; the axis goes",
  sort = "(axis?: integer, descending?: boolean): T, T | values and places, the last axis if not said",
  top_k = "(k: integer, axis?: integer): T, T | values and places, the largest first",
  eigh = "(): T, T | eigenvalues in ascending order, eigenvectors (a column each) of a symmetric matrix",
  svd = "(): T, T, T | U, singular values in descending order, V^T",
  assignment = "(goal?: \"min\"|\"max\"): T | the column of each row, from 0, cheapest (or dearest) together",
  flip = "(axis: integer): T | the other way round along an axis",
  roll = "(by: integer, axis: integer): T | moved along an axis; what leaves comes back at the other end",
  tile = "(times: integer, axis: integer): T | repeated along an axis",
  pad = "(axis: integer, before: integer, after: integer, value?: number): T | more places along an axis",
  split = "(size: integer, axis?: integer): T[] | slices of at most `size` items, views",
  squared_distances = "(other: T): T | x [...,M,D], other [...,N,D] -> [...,M,N]",
  clip_norm = "(limit: number): T | scaled down to a norm of at most `limit`",
  item = "(): number | the only item",
  tolist = "(): any | numbers in nested lists; a number for a scalar",
  shape = "(): integer[] | the sizes",
  size = "(axis: integer): integer | the size of one axis",
  count = "(): integer | how many items",
  equal = "(other: T): boolean | same dtype, sizes and bits",
  bytes = "(): string | the items' bytes, row-major, little-endian",
  copy_ = "(other: T): T | takes the items of `other`, broadcast; outside the tape, same storage",
  fill_ = "(value: number): T | every item this number; outside the tape",
  zero_ = "(): T | every item 0; outside the tape",
  add_ = "(other: T|number, factor?: number): T | x + factor * other in place; outside the tape",
  mul_ = "(other: T|number): T | x * other in place; outside the tape",
  keep = "(): T | no as.scope drops it",
  to = "(dtype: assay.Dtype): T | another dtype",
  float = "(): T | as f32",
  double = "(): T | as f64",
  long = "(): T | as i64",
  backward = "() | adds the gradient of this scalar to .grad of every parameter it depends on",
  detach = "(): T | the same items without history",
  clone = "(): T | a copy of the items, without history",
  requires_grad_ = "(on?: boolean): T | collects gradients from now on",
  drop_grad = "(): T | x.grad is nil again",
}

--- Properties of tensors and of other objects made in C, by the names of their types.
signatures.properties = {
  tensor = {
    dtype = "assay.Dtype",
    rank = "integer  number of axes",
    grad = "T?  what backward has added up",
    requires_grad = "boolean",
  },
  ["assay.plugin"] = {
    name = "string  \"losses/poly1\"",
    params = "table<string, any>  all parameters, defaults too",
    reports = "table<string, number>  what the last call told with as_report",
    splits = "string[]  of a data set: the names of its parts",
  },
  ["assay.sampling"] = {
    x = "T  the items",
    x_mean = "T  without the last step's noise",
    logw = "T  log weights",
    index = "integer  steps made",
    steps = "integer  steps there are",
  },
  ["assay.optimizer"] = { lr = "number", steps = "integer" },
}

--- Functions of `as`.
signatures.functions = {
  tensor = "(lists: any, dtype?: assay.Dtype): T | from nested lists; the working float if not said",
  i64 = "(lists: any): T | whole numbers: as.i64 { 0, 3, 1 }",
  zeros = "(...: integer|table): T | zeros of these sizes: as.zeros { 64, 10, dtype = \"f64\" }",
  ones = "(...: integer|table): T | ones of these sizes",
  full = "(value: number, ...: integer|table): T | one number in these sizes",
  arange = "(n: integer): T | i64 0, 1, ... n-1",
  randn = "(...: integer|table): T | N(0, 1): as.randn(64, 10), as.randn { 64, 10, stream = \"noise\" }",
  rand = "(...: integer|table): T | uniform in [0, 1)",
  rademacher = "(...: integer|table): T | -1 or 1",
  gamma = "(shape: number, ...: integer|table): T | gamma of this shape and scale 1: as.gamma(2, 64)",
  beta = "(a: number, b: number, ...: integer|table): T | beta, in [0, 1]: as.beta(2, 2, { 64 })",
  randint = "(below: integer, ...: integer|table): T | i64 in 0 .. below-1",
  permutation = "(n: integer, o?: { stream: string?, items: T? }): T "
    .. "| i64 0 .. n-1 in drawn order; one for each of the items, [B, n], if there are items",
  categorical = "(weights: T, o?: { n: integer?, stream: string?, items: T? }): T "
    .. "| i64 classes from 0 with the odds weights [..., K] -> [...], or [..., n]; they need not add up to 1",
  seeded = "(stream: string, seed: integer) | the stream of this name starts anew from a seed of its own",
  concat = "(list: T[], axis: integer): T | tensors end to end",
  stack = "(list: T[], axis?: integer): T | along a new axis, the first if not said",
  weighted_sum = "(list: T[], weights: number[]|T): T | summed in double",
  clip_norm_ = "(list: T[], limit: number): number "
    .. "| scales them in place to a joint norm of at most `limit`; gives the one before",
  clip_each_ = "(list: T[], limit: number) | each item into [-limit, limit], in place",
  attention = "(q: T, k: T, v: T, mask?: T): T | softmax(q k^T / sqrt(D) + mask) v",
  where = "(condition: T, yes: T|number, no: T|number): T | yes where the condition is not 0, else no",
  is_tensor = "(value: any): boolean",
  scope = "(f: fun(...: any): any, ...: any): any "
    .. "| calls f; tensors made in it are dropped unless returned or kept",
  no_grad = "(f: fun(...: any): any, ...: any): any | calls f; nothing in it is recorded for gradients",
  grad = "(y: T, xs: T|T[], o?: { create_graph: boolean?, grad: T? }): T|T[] "
    .. "| d y / d x of one tensor or a list",
  per_sample_norms = "(losses: T, parameters: T[]): T | the norm of each item's gradient; eval mode only",
  per_sample_grad = "(losses: T, parameters: T[]): T[] | each item's gradient, along a new first axis",
  save = "(path: string, state: table<string, T>) | writes named tensors as safetensors",
  load = "(path: string): table<string, T> | named tensors from a safetensors file",
  memory = "(anew?: boolean): integer, integer "
    .. "| bytes of tensors in use, and the most there were; counted anew from here if `anew`",
  memory_limit = "(bytes: integer) | an operation that would need more fails; 0 is no limit",
  clock = "(): number | seconds from a fixed point, for durations",
  read_npy = "(path: string, o?: { dtype: assay.Dtype? }): T | a NumPy array",
  read_idx = "(path: string, o?: { dtype: assay.Dtype? }): T | a file of MNIST's format, compressed or not",
  read_csv = "(path: string, o?: { header: boolean?, columns: string[]|integer[]?, label: string|integer?, "
    .. "separator: string?, dtype: assay.Dtype? }): T, T?, string[]? "
    .. "| numbers; with a label also labels and names",
  read_images = "(folder: string): T, T?, string[]? "
    .. "| PNG images; from sub-folders also labels and their names",
  write_npy = "(path: string, x: T) | as a NumPy array",
}

--- Functions that a module of assay makes in a loop, where an editor does not see them; [1] for the others.
signatures.made = {
  ["assay.nn"] = { "(o?: { name: string? }): assay.Module | a function of its input, without parameters" },
  ["assay.optim"] = {
    "(o: table): assay.Optimizer | over what has parameters: { net, head, lr = 1e-3, ... }",
    cosine = "(o: table): fun(step: integer): number | half a cosine: { 1e-3, 0, steps = 1000, after = 500 }",
    linear = "(o: table): fun(step: integer): number | straight: { 1e-3, 0, steps = 1000, after = 500 }",
  },
}

return signatures
