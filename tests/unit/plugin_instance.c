/* Instances: what is registered, saved, loaded and reset, and their random streams. */
#include "plugin_fixture.h"

typedef struct {
    int dim;
    const char *mode;
} cfg;

typedef struct {
    as_t w, queue, seen;
    int head;
} self;

static int destroyed;

static void validate(as_ctx *c, const void *params)
{
    if (((const cfg *)params)->dim == 7)
        as_fail(c, "dim = 7 does not suit mode \"%s\"", ((const cfg *)params)->mode);
}

static void setup(as_ctx *c, const void *params, void *self_)
{
    const cfg *p = params;
    self *s = self_;
    if (strcmp(p->mode, "twice") == 0)
        as_buffer(c, "w", as_zeros(c, AS_DIMS(1)));
    if (strcmp(p->mode, "reserved") == 0)
        as_buffer(c, "random.x", as_zeros(c, AS_DIMS(1)));
    if (strcmp(p->mode, "stack") == 0)
        as_counter(c, "n", &(int){0});
    if (strcmp(p->mode, "integer") == 0)
        as_parameter(c, "n", as_arange(c, 3));
    s->w = as_parameter(c, "w", as_randn(c, "init", AS_DIMS(p->dim)));
    s->queue = as_buffer(c, "queue", as_transpose(c, as_zeros(c, AS_DIMS(3, 2)))); /* no dense layout */
    s->seen = as_per_item(c, "seen", as_arange(c, 4));
    as_counter(c, "head", &s->head);
}

static void destroy(void *s)
{
    (void)s;
    destroyed++;
}

/* loss = w x + noise; counts its calls; x of more than 5 fails half way */
static as_t forward(as_ctx *c, const void *params, const as_t *in)
{
    self *s = as_self(c);
    (void)params;
    s->head++;
    if (as_item(c, as_max(c, in[0], AS_ALL)) > 5)
        return as_fail(c, "x is beyond 5");
    as_t one = as_full(c, AS_DIMS(2, 3), s->head);
    as_assign(c, s->queue, one);
    if (!as_training(c))
        as_parameter(c, "late", one);
    if (as_item(c, as_min(c, in[0], AS_ALL)) < -5)
        as_assign(c, in[0], in[0]);
    as_report_real(c, "head", s->head);
    as_report(c, "mean", as_mean(c, in[0], AS_ALL));
    return as_add(c, as_mul(c, s->w, in[0]), as_rand(c, "noise", AS_DIMS(as_dim(c, in[0], 0))));
}

static const as_param params[] = {
    AS_INT(cfg, dim, 2, 1, 100, "features"),
    AS_STRING(cfg, mode, "", "what to do wrong"),
    AS_END,
};

static const as_plugin descriptor = {.size = sizeof(as_plugin),
                                     .kind = "losses",
                                     .name = "state",
                                     .version = "1.0.0",
                                     .doc = "holds state",
                                     .params = params,
                                     .params_size = sizeof(cfg),
                                     .state_size = sizeof(self),
                                     .validate = validate,
                                     .setup = setup,
                                     .destroy = destroy,
                                     .forward = forward,
                                     .signature = "x f32[dim] -> loss f32[dim]"};

static plugin host;

static instance *make(as_ctx *c, const char *json, int64_t number)
{
    cJSON *given = cJSON_Parse(json);
    instance *i = instance_new(c, &host, given, NULL, 0, number);
    cJSON_Delete(given);
    return i;
}

static as_t call(as_ctx *c, instance *i, float a, float b)
{
    const argument in[1] = {{.tensor = f32_vector(c, 2, (float[]){a, b})}};
    as_t out[SIGNATURE_PLACES];
    call_forward(i, in, 1, out);
    return out[0];
}

static void registers(void **state)
{
    as_ctx *c = *state;
    int before = context_of(c)->scope_size;
    instance *i = make(c, "{}", 0);
    ENGINE_OK(c);
    assert_int_equal(context_of(c)->scope_size, before); /* nothing is left in the script's scope */
    assert_int_equal(i->state_count, 4);
    assert_int_equal(instance_parameter_count(i), 1);
    as_t w;
    instance_parameters(i, &w);
    assert_true(w->requires_grad && w->dense && w->rank == 1 && w->count == 2);
    as_state *s = instance_state(i);
    const char *const names[] = {"w", "queue", "seen", "head", "random.init"};
    assert_int_equal(s->count, 5);
    for (int k = 0; k < 5; k++)
        assert_string_equal(s->entries[k].name, names[k]);
    assert_ptr_equal(s->entries[0].tensor, w);
    assert_true(s->entries[1].tensor->dense && s->entries[1].tensor->size[0] == 2);
    assert_int_equal(s->entries[2].tensor->dtype, AS_I64);
    assert_true(tensor_get(s->entries[3].tensor, NULL) == 0);
    state_free(s);
    int ends = destroyed;
    instance_free(i);
    assert_int_equal(destroyed, ends + 1);
    context_take_error(c, &(as_error){{0}});
}

static void refuses(void **state)
{
    as_ctx *c = *state;
    assert_null(make(c, "{\"dimm\":3}", -1));
    ENGINE_FAILS(c, "losses/state: no parameter \"dimm\"; did you mean \"dim\"?");
    assert_null(make(c, "{\"dim\":7}", -1));
    ENGINE_FAILS(c, "losses/state: dim = 7 does not suit mode \"\"");
    assert_null(make(c, "{\"mode\":\"twice\"}", -1));
    ENGINE_FAILS(c, "losses/state: setup: parameter \"w\": registered before as a buffer");
    assert_null(make(c, "{\"mode\":\"reserved\"}", -1));
    ENGINE_FAILS(c, "losses/state: setup: buffer \"random.x\": not a name of its own (\"random.\" and "
                    "\"hooks.\" are the host's)");
    assert_null(make(c, "{\"mode\":\"stack\"}", -1));
    ENGINE_FAILS(c, "losses/state: setup: counter \"n\": does not point into the instance's own struct");
    assert_null(make(c, "{\"mode\":\"integer\"}", -1));
    ENGINE_FAILS(c, "losses/state: setup: parameter \"n\": i64[3] cannot be trained, expected a float");
}

static void counts_and_assigns(void **state)
{
    as_ctx *c = *state;
    instance *i = make(c, "{}", 0);
    call(c, i, 1, 3);
    as_t y = call(c, i, 1, 3);
    ENGINE_OK(c);
    assert_true(y->requires_grad);
    assert_true(engine_at(i->state[1].tensor, 5) == 2); /* the queue holds the second call's number */
    assert_int_equal(i->report_count, 2);
    assert_string_equal(i->reports[0].name, "head");
    assert_true(i->reports[0].value == 2 && i->reports[1].value == 2);
    assert_string_equal(i->reports[1].name, "mean");
    instance_train(i, false);
    call(c, i, 1, 3);
    ENGINE_FAILS(c, "losses/state: forward: parameter \"late\": may only be registered in setup");
    instance_train(i, true);
    call(c, i, 1, 3);
    ENGINE_FAILS(c, "losses/state: forward: an earlier call failed; load a state or reset it first");
    assert_true(instance_reset(i));
    call(c, i, -6, 3);
    ENGINE_FAILS(c, "losses/state: forward: assign: the target is no registered buffer of this instance");
    instance_free(i);
}

/* Bits after loading equal the bits of going on. */
static void state_repeats(void **state)
{
    as_ctx *c = *state;
    instance *i = make(c, "{}", 0), *other = make(c, "{}", 1);
    assert_false(tensor_equal(c, i->state[0].tensor, other->state[0].tensor)); /* streams of their own */
    call(c, i, 1, 3);
    as_state *s = instance_state(i), *copy = state_new();
    as_error e = {{0}};
    for (int k = 0; k < s->count; k++) {
        as_t x = tensor_new(c, (as_dtype)s->entries[k].tensor->dtype, tensor_dims(s->entries[k].tensor));
        assert_true(tensor_assign(c, x, s->entries[k].tensor));
        assert_true(state_put(copy, s->entries[k].name, x, &e));
    }
    state_free(s);
    as_t second = call(c, i, 2, -1);
    assert_true(instance_load(i, copy));
    assert_true(tensor_equal(c, call(c, i, 2, -1), second));
    as_t w = other->state[0].tensor;
    assert_true(instance_load(other, copy)); /* into an instance that has drawn nothing from "noise" yet */
    assert_ptr_equal(other->state[0].tensor, w);
    assert_true(tensor_equal(c, call(c, other, 2, -1), second));
    assert_int_equal(((self *)other->self)->head, 2);
    ENGINE_OK(c);
    state_free(copy);
    instance_free(i);
    instance_free(other);
}

static void loading_names_what_does_not_fit(void **state)
{
    as_ctx *c = *state;
    instance *i = make(c, "{}", 0);
    as_state *s = state_new();
    as_error e = {{0}};
    assert_true(state_put(s, "w", f32_vector(c, 3, (float[]){1, 2, 3}), &e));
    assert_true(state_put(s, "queue", tensor_full(c, AS_F32, AS_DIMS(2, 3), 9), &e));
    assert_true(state_put(s, "head", tensor_full(c, AS_F32, AS_SCALAR, 1), &e));
    assert_true(state_put(s, "bias", tensor_full(c, AS_F32, AS_SCALAR, 1), &e));
    assert_false(state_put(s, "bias", tensor_full(c, AS_F32, AS_SCALAR, 1), &e));
    TEXT_IS(e, "\"bias\" stands twice in one state");
    assert_false(instance_load(i, s));
    ENGINE_FAILS(
        c, "losses/state: this state does not fit: \"w\" is f32[3], expected f32[2]; \"seen\" is missing; "
           "\"head\" is f32[], expected i64[]; \"bias\" is extra");
    assert_true(engine_at(i->state[1].tensor, 0) == 0); /* nothing was copied */
    state_free(s);
    instance_free(i);
}

/* After a reset: the same values in the same storage. */
static void resets(void **state)
{
    as_ctx *c = *state;
    instance *i = make(c, "{}", 0);
    as_t w = i->state[0].tensor, first = call(c, i, 1, 3);
    const argument in[1] = {{.tensor = f32_vector(c, 2, (float[]){1, 6})}};
    as_t out[1];
    assert_false(call_forward(i, in, 1, out));
    assert_ptr_equal(out[0], context_of(c)->inert);
    ENGINE_FAILS(c, "losses/state: forward: x is beyond 5");
    assert_true(instance_reset(i));
    assert_ptr_equal(i->state[0].tensor, w);
    assert_true(tensor_equal(c, call(c, i, 1, 3), first));
    ENGINE_OK(c);
    instance_free(i);
}

static void gradients_reach_parameters(void **state)
{
    as_ctx *c = *state;
    instance *i = make(c, "{}", 0);
    as_t y = call(c, i, 2, -3);
    assert_true(tape_backward(c, as_sum(c, y, AS_ALL)));
    as_t g = i->state[0].tensor->grad; /* d (w x) / d w = x */
    assert_true(engine_at(g, 0) == 2 && engine_at(g, 1) == -3);
    instance_free(i);
}

static int make_plugin(void **state)
{
    (void)state;
    host = fixture_plugin(&descriptor);
    return 0;
}

static int drop_plugin(void **state)
{
    (void)state;
    fixture_drop(&host);
    return 0;
}

#define WITH_CONTEXT(f) cmocka_unit_test_setup_teardown(f, plugin_context_setup, plugin_context_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CONTEXT(registers),
        WITH_CONTEXT(refuses),
        WITH_CONTEXT(counts_and_assigns),
        WITH_CONTEXT(state_repeats),
        WITH_CONTEXT(loading_names_what_does_not_fit),
        WITH_CONTEXT(resets),
        WITH_CONTEXT(gradients_reach_parameters),
    };
    return cmocka_run_group_tests(tests, make_plugin, drop_plugin);
}
