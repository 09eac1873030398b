-- assay plugins new KIND/NAME [--lua]: a plugin, its known answer and a small experiment, which run as they
-- are.
-- Each kind: what its C file declares, and the Lua that makes one number of it (`use`): it must be `answer`.
local kinds = {
  losses = {
    signature = "x f32[B], y f32[B] -> loss f32[B]", calls = ".forward = forward",
    body = [[
/* loss[b] = weight (x[b] - y[b])^2 */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const NAME *p = params_;
    return as_scale(c, as_square(c, as_sub(c, in[0], in[1])), p->weight);
}
]],
    use = 'as.loss { "NAME", weight = w }(as.tensor { 3, 1 }, as.tensor { 1, 1 }):item()', answer = "2 * w",
  },
  heads = {
    signature = "a f32[B,D], b f32[B,D] -> loss f32[B]", calls = ".forward = forward",
    body = [[
/* loss[b] = -weight <a[b], b[b]> */
static as_t forward(as_ctx *c, const void *params_, const as_t *in)
{
    const NAME *p = params_;
    return as_scale(c, as_squeeze(c, as_sum(c, as_mul(c, in[0], in[1]), -1), -1), -p->weight);
}
]],
    use = 'as.head { "NAME", weight = w }(as.tensor { { 1, 2 } }, as.tensor { { 3, 4 } }):sum():item()',
    answer = "-11 * w",
  },
  samplers = {
    signature = "model model(f32[B,...], f32[B] -> f32[B,...]), noise? f32[B,...], shape? i64[R]"
      .. ' -> x f32[B,...]', calls = ".start = start, .advance = advance",
    body = [[
static void start(as_ctx *c, const void *params_, const as_t *in, as_sample *s)
{
    (void)params_;
    s->steps = 4;
    s->x = as_start_noise(c, in[1], in[2]);
}

/* x <- x + weight / 4 s(x, t) at t = 1, 3/4, 1/2, 1/4 */
static void advance(as_ctx *c, const void *params_, const as_t *in, as_sample *s, int index)
{
    const NAME *p = params_;
    double t = 1 - index / 4.0;
    as_point at = {t, t - 0.25, 1, t, index};
    (void)in;
    as_pre_step(c, &at, s);
    as_t score = as_call2(c, as_model_in(c, 0), s->x, as_full(c, AS_DIMS(as_dim(c, s->x, 0)), t));
    s->x = as_add(c, s->x, as_scale(c, as_guide(c, &at, s->x, score), p->weight / 4));
    as_moved(c, &at, s);
    as_post_step(c, &at, s);
}
]],
    use = [[as.sampler { "NAME", weight = w, model = function(x) return x * 0 - 1 end }
    { noise = as.ones(1, 1) }:item()]],
    answer = "1 - w",
  },
  hooks = {
    signature = "-> score f32[B,...]", calls = ".guide = guide",
    body = [[
/* s - weight x: pulls the samples towards 0 */
static as_t guide(as_ctx *c, const void *params_, const as_t *in, const as_point *at, as_t x, as_t score)
{
    const NAME *p = params_;
    (void)in, (void)at;
    return as_sub(c, score, as_scale(c, x, p->weight));
}
]],
    use = [[(function()
    local sampling = as.sampler {
      "sde_pc", n = 21, predictor = "euler_maruyama", corrector = "none", hooks = { { "NAME", weight = w } },
      model = function(x) return x * 0 end,
    }:start { noise = as.ones(1, 1) }
    sampling:step()
    return sampling.x_mean:item()
  end)()]],
    answer = "1 + 10 / 21 - 20 / 21 * w",
  },
  distillers = {
    signature = "x f32[B,D], student model(f32[B,D] -> f32[B,C]), teacher model(f32[B,D] -> f32[B,C])"
      .. ", optimizer? group -> loss f32", calls = ".step = step",
    body = [[
/* weight mean |student - teacher|^2, one optimizer step of the student where an optimizer is given */
static as_t step(as_ctx *c, const void *params_, const as_t *in)
{
    const NAME *p = params_;
    as_t teacher = as_detach(c, as_call1(c, as_model_in(c, 2), in[0]));
    as_t miss = as_sub(c, as_call1(c, as_model_in(c, 1), in[0]), teacher);
    as_t loss = as_scale(c, as_mean(c, as_square(c, miss), AS_ALL), p->weight);
    if (as_group_in(c, 3))
        as_update(c, as_group_in(c, 3), loss, 0);
    return loss;
}
]],
    use = [[as.distiller { "NAME", weight = w, student = function(x) return x * 3 end,
    teacher = function(x) return x * 1 end }:step(as.ones(2, 2)):item()]],
    answer = "4 * w",
  },
  soups = {
    signature = "states state[] -> state", calls = ".merge = merge",
    body = [[
/* theta = theta_1 + weight (theta_K - theta_1); counts are the first's */
static as_t merge(as_ctx *c, const void *params_, const as_t *in)
{
    const NAME *p = params_;
    const as_state *first = as_state_in(c, 0, 0), *last = as_state_in(c, 0, as_state_count(c, 0) - 1);
    (void)in;
    for (int i = 0; as_ok(c) && i < as_state_size(c, first); i++) {
        as_t a = as_state_tensor(c, first, i), b = as_state_tensor(c, last, i);
        bool count = as_dtype_of(c, a) == AS_I64;
        as_state_put(c, as_state_name(c, first, i),
                     count ? a : as_add(c, a, as_scale(c, as_sub(c, b, a), p->weight)));
    }
    return NULL;
}
]],
    use = 'as.soup { "NAME", weight = w } { { w = as.tensor { 1 } }, { w = as.tensor { 5 } } }.w:item()',
    answer = "1 + 4 * w",
  },
  scores = {
    signature = "logits f32[N,C] -> values f32[N]", calls = ".score = score",
    body = [[
/* weight times the largest probability of each item */
static as_t score(as_ctx *c, const void *params_, const as_t *in)
{
    const NAME *p = params_;
    as_t top = as_squeeze(c, as_max(c, as_softmax(c, in[0], -1), -1), -1);
    if (as_item(c, as_min(c, top, 0)) > 0.9)
        as_verdict(c, "accept");
    return as_scale(c, top, p->weight);
}
]],
    use = '(as.score { "NAME", weight = w }(as.zeros(1, 4))):item()', answer = "w / 4",
  },
  adapters = {
    signature = "model model(f32[B,D] -> f32[B,D]), x f32[B,D] -> y f32[B,D]", calls = ".adapt = adapt",
    body = [[
/* The model's outputs less weight times their mean over the batch */
static as_t adapt(as_ctx *c, const void *params_, const as_t *in)
{
    const NAME *p = params_;
    as_t y = as_call1(c, as_model_in(c, 0), in[1]);
    return as_sub(c, y, as_scale(c, as_mean(c, y, 0), p->weight));
}
]],
    use = [=[as.adapter { "NAME", weight = w, model = function(x) return x * 2 end }
    :adapt(as.ones(3, 1)):tolist()[1][1]]=],
    answer = "2 - 2 * w",
  },
  datasets = {
    signature = "-> x f32[N,1]", calls = ".open = open_splits, .read = read_split",
    body = [[
static void open_splits(as_ctx *c, const void *params_)
{
    (void)params_;
    as_split(c, "train");
}

/* x[n] = weight */
static void read_split(as_ctx *c, const void *params_, const char *split)
{
    const NAME *p = params_;
    (void)split;
    as_field(c, "x", as_full(c, AS_DIMS(8, 1), p->weight));
}
]],
    use = 'as.dataset { "NAME", weight = w }.train.x:mean():item()', answer = "w",
  },
}

local source = [[
/* KIND/NAME: what it is and where it is from, in a line or two. */
#include <assay/plugin.h>

typedef struct {
    double weight;
} NAME;

static const as_param params[] = {
    AS_REAL(NAME, weight, 1.0, 0.0, 10.0, "what it does; the range is where the method is defined"),
    AS_END,
};

BODY
AS_PLUGIN(.kind = "KIND", .name = "NAME", .version = "0.1.0", .doc = "one line that says what it is",
          .params = params,
          .signature = "SIGNATURE",
          .params_size = sizeof(NAME), CALLS);
]]

local sketch = [[
-- KIND/NAME: what it is and where it is from, in a line or two.
local as = require "assay.plugin"

return as.plugin {
  kind = "KIND", name = "NAME", version = "0.1.0", doc = "one line that says what it is",
  params = {
    { "weight", "real", 1, "[0, 10]", "what it does; the range is where the method is defined" },
  },
  signature = "SIGNATURE",
BODY
}
]]

local spec = [[
local as = require "assay"

local function use(w)
  return USE
end

describe("KIND/NAME", function()
  it("has the known answer", function()
    for _, w in ipairs { 0.5, 1 } do
      assert.near(ANSWER, use(w), 1e-6)
    end
  end)
end)
]]

local experiment = [[
local as = require "assay"

return as.experiment {
  name = "NAME",
  arms = { half = { weight = 0.5 }, full = { weight = 1 } },
  seeds = 1,
  run = function(run, p)
    local w = p.weight
    run:log(0, { value = USE })
  end,
}
]]

local in_lua = arg[2] == "--lua"
local kind, name = (arg[1] or ""):match "^(%l+)/(%l[%l%d_]*)$"
if not kinds[kind] then
  local known = {}
  for word in pairs(kinds) do
    known[#known + 1] = word
  end
  table.sort(known)
  io.stderr:write(('"%s" is no KIND/name; kinds are %s\n'):format(arg[1] or "", table.concat(known, ", ")))
  os.exit(2, true)
end

local function filled(text)
  local k = kinds[kind]
  local body = in_lua and require("assay.scaffold_lua")[kind] or k.body
  local parts = { BODY = body, SIGNATURE = k.signature, CALLS = k.calls, USE = k.use, ANSWER = k.answer }
  text = text:gsub("%f[%u]%u%u%u+%f[%U]", parts)
  return (text:gsub("%f[%u]%u%u%u%u%f[%U]", { KIND = kind, NAME = name }))
end

local files = {
  { "plugins/" .. kind .. "/" .. name .. (in_lua and ".lua" or ".c"), in_lua and sketch or source },
  { "tests/plugins/" .. kind .. "/" .. name .. ".lua", spec },
  { "experiments/" .. name .. ".lua", experiment },
}
for _, file in ipairs(files) do
  local there = io.open(file[1])
  if there then
    there:close()
    io.stderr:write(file[1] .. " is there already: nothing was written\n")
    os.exit(1, true)
  end
end
for _, file in ipairs(files) do
  os.execute("mkdir -p " .. file[1]:match "^(.*)/")
  local out = assert(io.open(file[1], "w"))
  out:write(filled(file[2]))
  out:close()
  print(file[1])
end
local build, run = in_lua and "" or ("assay build %s; "):format(files[1][1]), files[3][1]
io.stderr:write(("next: %sassay plugins check %s/%s; assay run %s\n"):format(build, kind, name, run))
