/* The calls of each kind, errors on their way up, callbacks within calls. */
#include "plugin_fixture.h"

#include "base/breadcrumb.h"
#include "plugin/files.h"

#define DESCRIBE(kind_, name_, ...)                                                                          \
    (const as_plugin)                                                                                        \
    {                                                                                                        \
        .size = sizeof(as_plugin), .kind = kind_, .name = name_, .version = "1.0.0", .doc = "x", __VA_ARGS__ \
    }

#define WITH_CONTEXT(f) cmocka_unit_test_setup_teardown(f, plugin_context_setup, plugin_context_teardown)

static instance *make(as_ctx *c, plugin *p, const argument *bound, int n)
{
    instance *i = instance_new(c, p, NULL, bound, n, 0);
    ENGINE_OK(c);
    return i;
}

static as_t two(as_ctx *c, float a, float b)
{
    return f32_vector(c, 2, (float[]){a, b});
}

/* ---- forward ---- */

static as_t two_outputs(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    assert_string_equal(breadcrumb_top(breadcrumb_here())->plugin, "losses/l");
    assert_string_equal(breadcrumb_top(breadcrumb_here())->call, "forward");
    if (in[1])
        as_output(c, 1, as_scale(c, in[1], 3));
    return as_square(c, in[0]);
}

static void forward_gives_all_outputs(void **state)
{
    as_ctx *c = *state;
    plugin p = fixture_plugin(&DESCRIBE("losses", "l", .forward = two_outputs,
                                        .signature = "x f32[B], w? f32[B] -> y f32[B], z? f32[B]"));
    instance *i = make(c, &p, NULL, 0);
    int held = context_of(c)->scope_size;
    argument in[2] = {{.tensor = two(c, 2, 3)}, {.tensor = two(c, 1, 5)}};
    as_t out[2];
    assert_true(call_forward(i, in, 2, out));
    assert_int_equal(context_of(c)->scope_size, held + 4); /* two inputs, two results */
    assert_true(engine_at(out[0], 1) == 9 && engine_at(out[1], 1) == 15);
    assert_true(call_forward(i, in, 1, out));
    assert_null(out[1]);
    assert_null(breadcrumb_top(breadcrumb_here()));
    assert_null(context_of(c)->frame);
    in[1].tensor = tensor_full(c, AS_F32, AS_DIMS(3), 0);
    assert_false(call_forward(i, in, 2, out));
    ENGINE_FAILS(c, "losses/l: w f32[3], expected f32[B] with B = 2 from x");
    assert_true(call_forward(i, in, 1, out)); /* a wrong input does the instance no harm */
    assert_false(call_step(i, in, 1, out));
    ENGINE_FAILS(c, "losses/l: has no call step: it is one of the losses");
    instance_free(i);
    fixture_drop(&p);
}

static as_t wrong_shape(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_sum(c, in[0], AS_ALL);
}

static as_t nothing(as_ctx *c, const void *params, const as_t *in)
{
    (void)c, (void)params, (void)in;
    return NULL;
}

static as_t third_output(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_output(c, 1, in[0]);
    return in[0];
}

static void outputs_are_checked(void **state)
{
    as_ctx *c = *state;
    const struct {
        as_call *forward;
        const char *text;
    } cases[] = {
        {wrong_shape, "losses/l: forward: returned f32[], expected loss f32[B]"},
        {nothing, "losses/l: forward: returned no tensor, expected loss f32[B]"},
        {third_output, "losses/l: forward: output 1: the signature has 1, and 0 is what the call returns"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        plugin p = fixture_plugin(
            &DESCRIBE("losses", "l", .forward = cases[k].forward, .signature = "x f32[B] -> loss f32[B]"));
        instance *i = make(c, &p, NULL, 0);
        as_t out[1];
        assert_false(call_forward(i, &(argument){.tensor = two(c, 1, 2)}, 1, out));
        ENGINE_FAILS(c, cases[k].text);
        instance_free(i);
        fixture_drop(&p);
    }
}

/* The files of tests/plugins_bad, through the loader. */
static void bad_plugins(void **state)
{
    as_ctx *c = *state;
    const struct {
        const char *name, *text;
    } cases[] = {
        {"fails", "losses/fails: forward: 2 items, this one never works"},
        {"wrong_shape", "losses/wrong_shape: forward: returned f32[], expected loss f32[B]"},
        {"register_twice", "losses/register_twice: setup: buffer \"mean\": registered before as a buffer"},
    };
    setenv("ASSAY_PLUGIN_PATH", BAD_PLUGINS, 1);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        as_error e = {{0}};
        plugin *p = load_plugin("losses", cases[k].name, &e);
        if (!p)
            fail_msg("%s", e.text);
        instance *i = instance_new(c, p, NULL, NULL, 0, -1);
        as_t out[1];
        if (i)
            assert_false(call_forward(i, &(argument){.tensor = two(c, 1, 2)}, 1, out));
        ENGINE_FAILS(c, cases[k].text);
        instance_free(i);
    }
}

/* ---- callbacks ---- */

static instance *inner; /* a plugin that the model calls */

static as_t call_inner(as_ctx *c, as_model *m, const as_t *in, int n)
{
    as_t out[1];
    (void)c, (void)m;
    assert_int_equal(n, 1);
    call_forward(inner, &(argument){.tensor = in[0]}, 1, out);
    return out[0];
}

static as_t add_theta(as_ctx *c, as_model *m, const as_state *theta, const as_t *in, int n)
{
    (void)m, (void)n;
    return as_add(c, in[0], state_find(theta, "b"));
}

static as_t through_model(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_t y = as_call1(c, as_model_in(c, 1), in[0]);
    return as_scale(c, y, 2);
}

static as_t failing(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    if (as_item(c, as_sum(c, in[0], AS_ALL)) < 0)
        return as_fail(c, "a negative sum");
    return in[0];
}

static void callbacks_nest(void **state)
{
    as_ctx *c = *state;
    plugin low =
        fixture_plugin(&DESCRIBE("losses", "low", .forward = failing, .signature = "x f32[B] -> y f32[B]"));
    plugin high = fixture_plugin(&DESCRIBE("losses", "high", .forward = through_model,
                                           .signature = "x f32[B], net model(f32[B] -> f32[B]) -> y f32[B]"));
    as_model net = {.call = call_inner};
    const argument bound[2] = {{0}, {.model = &net}};
    instance *outer = make(c, &high, bound, 2);
    inner = make(c, &low, NULL, 0);
    as_t out[1];
    assert_true(call_forward(outer, &(argument){.tensor = two(c, 1, 2)}, 1, out));
    assert_true(engine_at(out[0], 1) == 4);
    assert_false(call_forward(outer, &(argument){.tensor = two(c, -1, -2)}, 1, out));
    ENGINE_FAILS(c, "losses/high: forward: losses/low: forward: a negative sum");
    assert_false(inner->failed || outer->failed); /* they keep nothing that could be half changed */
    assert_null(context_of(c)->frame);
    instance_free(inner);
    instance_free(outer);
    outer = make(c, &high, NULL, 0);
    assert_false(call_forward(outer, &(argument){.tensor = two(c, 1, 2)}, 1, out));
    ENGINE_FAILS(c, "losses/high: net was not given, expected model(f32[B] -> f32[B])");
    instance_free(outer);
    fixture_drop(&low);
    fixture_drop(&high);
}

static as_t identity(as_ctx *c, as_model *m, const as_t *in, int n)
{
    (void)c, (void)m, (void)n;
    return in[0];
}

static as_t wrong_ways(as_ctx *c, const void *params, const as_t *in)
{
    const as_model *net = as_model_in(c, 1);
    (void)params;
    switch ((int)as_item(c, as_sum(c, in[0], AS_ALL))) {
    case 0:
        return as_model_call(c, (as_model *)(uintptr_t)net, in, 1);
    case 1:
        return as_call2(c, (as_model *)(uintptr_t)net, in[0], as_zeros(c, AS_DIMS(5)));
    case 2:
        return as_call2(c, (as_model *)(uintptr_t)net, as_reshape(c, in[0], AS_DIMS(1, 2)),
                        as_zeros(c, AS_DIMS(1)));
    case 3:
        return as_call1(c, as_model_in(c, 0), in[0]);
    default:
        as_update(c, as_group_in(c, 1), in[0], 0);
        return in[0];
    }
}

static void models_are_checked(void **state)
{
    as_ctx *c = *state;
    plugin p =
        fixture_plugin(&DESCRIBE("losses", "l", .forward = wrong_ways,
                                 .signature = "x f32[B], net model(f32[B], f32[B] -> f32[B,1]) -> y f32[B]"));
    as_model net = {.call = identity};
    const argument bound[2] = {{0}, {.model = &net}};
    const char *const texts[] = {
        "losses/l: forward: net: its input 2 was not given, expected f32[B]",
        "losses/l: forward: net: its input 2 f32[5], expected f32[B] with B = 2 from its input 1",
        "losses/l: forward: net: its input 1 f32[1,2], expected f32[B]",
        "losses/l: forward: input 0 of the signature is no model",
        "losses/l: forward: input 1 of the signature is no group",
    };
    for (int k = 0; k < 5; k++) {
        instance *i = make(c, &p, bound, 2);
        as_t out[1];
        assert_false(call_forward(i, &(argument){.tensor = two(c, 0, (float)k)}, 1, out));
        ENGINE_FAILS(c, texts[k]);
        instance_free(i);
    }
    fixture_drop(&p);
}

static as_t with_theta(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    return as_call_with(c, as_model_in(c, 1), as_state_in(c, 2, 0), in, 1);
}

static void parameters_can_be_replaced(void **state)
{
    as_ctx *c = *state;
    plugin p = fixture_plugin(&DESCRIBE("losses", "l", .forward = with_theta,
                                        .signature = "x f32[B], net model{params}, theta state -> y f32[B]"));
    as_model net = {.call = identity, .call_with = add_theta, .offers = MODEL_PARAMS};
    as_state *theta = state_new();
    as_error e = {{0}};
    as_t b = two(c, 10, 20), out[1];
    assert_true(tape_require(c, b, true));
    assert_true(state_put(theta, "b", b, &e));
    const as_state *states[1] = {theta};
    const argument in[3] = {{.tensor = two(c, 1, 2)}, {.model = &net}, {.states = states, .state_count = 1}};
    instance *i = make(c, &p, NULL, 0);
    assert_true(call_forward(i, in, 3, out));
    assert_true(engine_at(out[0], 1) == 22);
    assert_true(tape_backward(c, as_sum(c, as_scale(c, out[0], 3), AS_ALL)));
    assert_true(engine_at(b->grad, 0) == 3);
    state_free(theta);
    instance_free(i);
    fixture_drop(&p);
}

/* ---- distillers ---- */

static as_t descend(as_ctx *c, const void *params, const as_t *in)
{
    (void)params;
    as_t loss = as_sum(c, as_square(c, as_call1(c, as_model_in(c, 1), in[0])), AS_ALL);
    as_update(c, as_group_in(c, 2), loss, 0);
    as_report(c, "loss", loss);
    return loss;
}

static as_t weight;

static as_t times_weight(as_ctx *c, as_model *m, const as_t *in, int n)
{
    (void)m, (void)n;
    return as_mul(c, in[0], weight);
}

static void steps_update_a_group(void **state)
{
    as_ctx *c = *state;
    plugin p = fixture_plugin(&DESCRIBE("distillers", "d", .step = descend,
                                        .signature = "x f32[B], net model, opt group -> loss f32"));
    weight = two(c, 1, 1);
    assert_true(tape_require(c, weight, true));
    const optimizer_options options = {.kind = OPTIMIZER_SGD, .rate = 0.25};
    optimizer *group = optimizer_new(c, &options, &weight, 1);
    as_model net = {.call = times_weight};
    const argument bound[3] = {{0}, {.model = &net}, {.group = group}};
    instance *i = make(c, &p, bound, 3);
    as_t out[1];
    tape_recording(c, false); /* whatever the script does around it, the step learns */
    assert_true(call_step(i, &(argument){.tensor = two(c, 1, 2)}, 1, out));
    assert_false(tape_recording(c, true));
    assert_true(engine_at(out[0], 0) == 5 && !out[0]->requires_grad);
    /* d/dw sum (w x)^2 = 2 w x^2 = 2, 8; w - 0.25 g = 0.5, -1 */
    assert_true(engine_at(weight, 0) == 0.5 && engine_at(weight, 1) == -1);
    assert_null(weight->grad);
    assert_true(i->report_count == 1 && i->reports[0].value == 5);
    instance_free(i);
    optimizer_free(group);
    fixture_drop(&p);
}

/* ---- soups ---- */

static as_t average(as_ctx *c, const void *params, const as_t *in)
{
    int n = as_state_count(c, 0);
    const as_state *first = as_state_in(c, 0, 0);
    (void)params, (void)in;
    for (int i = 0; i < as_state_size(c, first); i++) {
        as_t sum = as_state_tensor(c, first, i);
        for (int k = 1; k < n; k++)
            sum = as_add(c, sum, as_state_tensor(c, as_state_in(c, 0, k), i));
        as_state_put(c, as_state_name(c, first, i), as_scale(c, sum, 1.0 / n));
    }
    as_report_real(c, "members", n);
    return NULL;
}

static as_state *pair(as_ctx *c, const char *name1, as_t x1, const char *name2, as_t x2)
{
    as_state *s = state_new();
    as_error e = {{0}};
    (void)c;
    assert_true(state_put(s, name1, x1, &e) && state_put(s, name2, x2, &e));
    return s;
}

static void soups_merge_by_name(void **state)
{
    as_ctx *c = *state;
    plugin p =
        fixture_plugin(&DESCRIBE("soups", "s", .merge = average, .signature = "states state[] -> state"));
    instance *i = make(c, &p, NULL, 0);
    as_state *a = pair(c, "w", two(c, 1, 2), "b", tensor_full(c, AS_F32, AS_SCALAR, 10));
    as_state *b = pair(c, "b", tensor_full(c, AS_F32, AS_SCALAR, 20), "w", two(c, 3, 4)); /* another order */
    as_state *other = pair(c, "w", two(c, 3, 4), "bias", two(c, 3, 4));
    as_state *large =
        pair(c, "w", tensor_full(c, AS_F32, AS_DIMS(3), 1), "b", tensor_full(c, AS_F32, AS_SCALAR, 1));
    const as_state *list[3] = {a, b, other};
    argument in = {.states = list, .state_count = 2};
    as_t out[SIGNATURE_PLACES] = {NULL};
    as_state *merged = call_merge(i, &in, 1, out);
    ENGINE_OK(c);
    assert_int_equal(merged->count, 2);
    assert_string_equal(merged->entries[0].name, "w");
    assert_true(engine_at(merged->entries[0].tensor, 0) == 2 && engine_at(merged->entries[0].tensor, 1) == 3);
    assert_true(engine_at(merged->entries[1].tensor, 0) == 15);
    assert_true(i->reports[0].value == 2);
    state_free(merged);
    in.state_count = 3;
    assert_null(call_merge(i, &in, 1, out));
    ENGINE_FAILS(c, "soups/s: states: state 3 has no \"b\", the first has");
    list[2] = large;
    assert_null(call_merge(i, &in, 1, out));
    ENGINE_FAILS(c, "soups/s: states: \"w\" of state 3 is f32[3], the first has f32[2]");
    in.state_count = 0;
    assert_null(call_merge(i, &in, 1, out));
    ENGINE_FAILS(c, "soups/s: states was not given, expected state[]");
    state_free(a);
    state_free(b);
    state_free(other);
    state_free(large);
    instance_free(i);
    fixture_drop(&p);
}

/* ---- samplers ---- */

static void start(as_ctx *c, const void *params, const as_t *in, as_sample *s)
{
    (void)c, (void)params;
    s->x = in[0];
    s->steps = 3;
}

/* x <- 2 x + index; grows at index 2 when told by a negative sum */
static void advance(as_ctx *c, const void *params, const as_t *in, as_sample *s, int index)
{
    (void)params, (void)in;
    if (index == 2 && as_item(c, as_sum(c, s->x, AS_ALL)) < 0)
        s->x = as_concat(c, (as_t[]){s->x, s->x}, 2, 0);
    s->x = as_affine(c, s->x, 2, index);
    s->x_mean = as_scale(c, s->x, 0.5);
}

static void finish(as_ctx *c, const void *params, const as_t *in, as_sample *s)
{
    (void)params, (void)in;
    s->x = as_neg(c, s->x);
}

static void samplers_keep_x(void **state)
{
    as_ctx *c = *state;
    plugin p = fixture_plugin(&DESCRIBE("samplers", "s", .start = start, .advance = advance, .finish = finish,
                                        .signature = "x0 f32[B] -> x f32[B]"));
    instance *i = make(c, &p, NULL, 0);
    sampling s;
    as_scope scope = scope_open(c);
    assert_true(call_start(i, &(argument){.tensor = two(c, 1, 3)}, 1, &s));
    scope_close(c, scope, NULL); /* the script's tensors are gone, the sampling goes on */
    for (int k = 0; k < s.at.steps; k++) {
        scope = scope_open(c);
        assert_true(call_advance(&s, k));
        scope_close(c, scope, NULL);
    }
    /* 1: 2, 5, 12; 3: 6, 13, 28 */
    assert_true(engine_at(s.at.x, 0) == 12 && engine_at(s.at.x, 1) == 28);
    assert_true(engine_at(s.at.x_mean, 1) == 14);
    assert_false(call_advance(&s, 3));
    ENGINE_FAILS(c, "samplers/s: step 3 of 3");
    as_t out[1];
    assert_true(call_finish(&s, out));
    call_sampling_release(&s);
    assert_true(engine_at(out[0], 1) == -28);
    assert_true(call_start(i, &(argument){.tensor = two(c, -10, -10)}, 1, &s));
    assert_true(call_advance(&s, 0) && call_advance(&s, 1));
    assert_false(call_advance(&s, 2));
    ENGINE_FAILS(c, "samplers/s: advance: x was f32[2] and became f32[4]");
    assert_true(engine_at(s.at.x, 0) == -39); /* where it was */
    call_sampling_release(&s);
    instance_free(i);
    fixture_drop(&p);
}

/* ---- data sets ---- */

static void open_splits(as_ctx *c, const void *params)
{
    (void)params;
    as_split(c, "train");
    as_split(c, "broken");
    as_split(c, "missing");
}

static void read_split(as_ctx *c, const void *params, const char *split)
{
    size_t size;
    (void)params;
    as_field(c, "x", as_zeros(c, AS_DIMS(3, 2)));
    if (strcmp(split, "train") == 0)
        as_field(c, "y", as_arange(c, 3));
    else if (strcmp(split, "broken") == 0)
        as_field(c, "y", as_arange(c, 4));
    else
        as_read(c, "nothing.gz", &size);
}

static void data_sets_read_splits(void **state)
{
    as_ctx *c = *state;
    plugin p = fixture_plugin(&DESCRIBE("datasets", "some_set", .open = open_splits, .read = read_split,
                                        .signature = "-> x f32[N,2], y i64[N]<3"));
    instance *i = make(c, &p, NULL, 0);
    assert_true(call_open(i));
    assert_int_equal(i->split_count, 3);
    int held = context_of(c)->scope_size;
    as_state *fields = call_read(i, "train");
    ENGINE_OK(c);
    assert_int_equal(context_of(c)->scope_size, held);
    assert_int_equal(fields->count, 2);
    assert_int_equal(state_find(fields, "y")->count, 3);
    state_free(fields);
    assert_null(call_read(i, "trian"));
    ENGINE_FAILS(c, "datasets/some_set: no split \"trian\"; did you mean \"train\"?");
    assert_null(call_read(i, "broken"));
    ENGINE_FAILS(c, "datasets/some_set: read: field \"y\": 4 items, \"x\" has 3");
    assert_true(instance_reset(i));
    setenv("ASSAY_DATA", "/nowhere", 1);
    setenv("HOME", "/noone", 1);
    assert_null(call_read(i, "missing"));
    ENGINE_FAILS(c, "datasets/some_set: read: nothing.gz not found in /nowhere, /noone/.cache/assay, "
                    "/usr/share/datasets; set ASSAY_DATA to the folder that holds some-set/");
    instance_free(i);
    fixture_drop(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONTEXT(forward_gives_all_outputs),
        WITH_CONTEXT(outputs_are_checked),
        WITH_CONTEXT(bad_plugins),
        WITH_CONTEXT(callbacks_nest),
        WITH_CONTEXT(models_are_checked),
        WITH_CONTEXT(parameters_can_be_replaced),
        WITH_CONTEXT(steps_update_a_group),
        WITH_CONTEXT(soups_merge_by_name),
        WITH_CONTEXT(samplers_keep_x),
        WITH_CONTEXT(data_sets_read_splits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
