/* Signatures: what is read, where a wrong one is wrong, and what a call's tensors are told. */
#include "plugin_fixture.h"

typedef struct {
    int n_samples, dim;
    double weight;
} cfg;

static const as_param params[] = {
    AS_INT(cfg, n_samples, 5, 1, 100, "items"),
    AS_INT(cfg, dim, 3, 1, 100, "features"),
    AS_REAL(cfg, weight, 1, 0, 1, "no size"),
    AS_END,
};
static const cfg values = {.n_samples = 5, .dim = 3};

static signature *parse(const char *text)
{
    as_error e = {{0}};
    signature *s = signature_parse(text, params, &e);
    if (!s)
        fail_msg("%s: %s", text, e.text);
    return s;
}

static void reads_a_loss(void **state)
{
    (void)state;
    signature *s = parse("logits f32[B,C]|items, labels i64[B]<C -> loss f32[B]|items|stop, aux f32");
    assert_int_equal(s->in_count, 2);
    assert_int_equal(s->out_count, 2);
    assert_int_equal(s->letter_count, 2);
    assert_true(s->out[0].items && s->out[0].stops && !s->out[1].stops);
    assert_true(s->items && s->in[0].items && !s->in[1].items);
    assert_string_equal(s->in[1].name, "labels");
    assert_string_equal(s->in[1].text, "i64[B]");
    assert_string_equal(s->in[1].bound_text, "C");
    assert_string_equal(s->out[0].name, "loss");
    assert_int_equal(signature_place(s, "labels"), 1);
    assert_int_equal(signature_place(s, "label"), -1);
    signature_free(s);
}

static void reads_models_and_states(void **state)
{
    (void)state;
    signature *s =
        parse("real f32[B,...], weights? f32[M*B,2*dim], index i64[B]<n_samples,\n"
              "student model{params, taps:h}(f32[B,...], f32[B] -> f32[B,...]), opt group,\n"
              "teacher function, members state[], init? state, source dataset -> loss f32, f32[], state");
    assert_int_equal(s->in_count, 9);
    assert_int_equal(s->in[0].rest, 1);
    assert_true(s->in[1].optional && !s->in[0].optional);
    assert_int_equal(s->in[1].axis[0].letter_count, 2);
    assert_int_equal(s->in[1].axis[1].number, 2);
    assert_int_equal(s->in[1].axis[1].param, offsetof(cfg, dim));
    assert_int_equal(s->in[3].type, SIGNATURE_MODEL);
    assert_int_equal(s->in[3].needs, MODEL_PARAMS | MODEL_TAPS);
    assert_string_equal(s->in[3].text, "model{params, taps:h}(f32[B,...], f32[B] -> f32[B,...])");
    assert_int_equal(s->in[3].call->in_count, 2);
    assert_int_equal(s->in[4].type, SIGNATURE_GROUP);
    assert_int_equal(s->in[5].type, SIGNATURE_FUNCTION);
    assert_int_equal(s->in[6].type, SIGNATURE_STATES);
    assert_int_equal(s->in[7].type, SIGNATURE_STATE);
    assert_int_equal(s->in[8].type, SIGNATURE_DATASET);
    assert_int_equal(s->out_count, 3);
    assert_string_equal(s->out[1].name, "");
    assert_int_equal(s->out[2].type, SIGNATURE_STATE);
    signature_free(s);
    s = parse("-> x f32[N,28], y i64[N]<10");
    assert_int_equal(s->in_count, 0);
    assert_int_equal(s->out[1].bound.number, 10);
    signature_free(s);
}

static void says_where_it_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } wrong[] = {
        {"", "signature: column 1: expected the name of an input, the text ends here"},
        {"x f32[B]", "signature: column 9: expected \",\" or \"->\", the text ends here"},
        {"x f16[B] -> y f32",
         "signature: column 3: expected a type (f32, f64, i64, model, function, group, state, "
         "dataset), found \"f16[B] -> y \""},
        {"x f32[B -> y f32", "signature: column 9: expected \",\" or \"]\", found \"-> y f32\""},
        {"x f32[B,] -> y f32",
         "signature: column 9: expected a letter, a number or an integer parameter, found \"] "
         "-> y f32\""},
        {"x f32[b] -> y f32",
         "signature: column 7: \"b\" is no integer parameter (letters of axes are upper case)"},
        {"x f32[weight] -> y f32",
         "signature: column 7: \"weight\" is no integer parameter (letters of axes are upper case)"},
        {"x f32[...,...] -> y f32", "signature: column 11: \"...\" twice in one shape"},
        {"x f32[B]<3 -> y f32", "signature: column 9: only i64 values have a bound"},
        {"f32[B] -> y f32", "signature: column 1: an input without a name (\"name f32...\")"},
        {"x f32, x f32 -> y f32", "signature: column 8: \"x\" stands twice"},
        {"x f32 -> y f32 z", "signature: column 16: expected \",\" or the end, found \"z\""},
        {"x f32[A,B,C,D,E,F,G,H,I] -> y f32", "signature: column 23: more than 8 axes"},
        {"m model{weights} -> y f32",
         "signature: column 9: expected one of params, buffers, taps, clone, modes, "
         "groups, found \"weights} -> \""},
        {"m model(f32 -> f32 -> y f32", "signature: column 20: expected \",\" or \")\", found \"-> y f32\""},
        {"x f32|rows -> y f32", "signature: column 7: expected \"|items\""},
        {"x f32|stop -> y f32", "signature: column 7: expected \"|items\""},
        {"x f32 -> y f32|rows", "signature: column 16: expected \"|items\" or \"|stop\""},
        {"x f32[99999999999] -> y f32", "signature: column 7: a size beyond 2147483647"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        as_error e = {{0}};
        assert_null(signature_parse(wrong[i].text, params, &e));
        assert_string_equal(e.text, wrong[i].error);
    }
}

/* Any text: an answer or a refusal (the sanitizers watch the buffers). */
static void survives_garbage(void **state)
{
    (void)state;
    static const char letters[] = "xB3 f32[]i64,->?<*|items.{}()model state:group_n_samples";
    for (int round = 0; round < 20000; round++) {
        char text[80];
        int n = (int)(engine_uniform() * 79);
        for (int k = 0; k < n; k++)
            text[k] = letters[(size_t)(engine_uniform() * (sizeof letters - 1))];
        text[n] = '\0';
        as_error e = {{0}};
        signature_free(signature_parse(text, params, &e));
    }
}

static as_t tensor(as_ctx *c, as_dtype dtype, as_dims dims)
{
    return tensor_full(c, dtype, dims, 0);
}

/* A call with two tensors (NULL: not given). */
static bool check(as_ctx *c, signature *s, as_t a, as_t b)
{
    const argument in[2] = {{.tensor = a}, {.tensor = b}};
    signature_bound bound;
    return signature_check_in(s, c, &values, in, s->in_count < 2 ? s->in_count : 2, &bound);
}

static void checks_shapes(void **state)
{
    as_ctx *c = *state;
    signature *s = parse("logits f32[B,C], labels i64[B]<C -> loss f32[B]");
    as_t logits = tensor(c, AS_F32, AS_DIMS(64, 10));
    assert_true(check(c, s, logits, tensor(c, AS_I64, AS_DIMS(64))));
    assert_false(check(c, s, logits, tensor(c, AS_F32, AS_DIMS(64))));
    ENGINE_FAILS(c, "labels f32[64], expected i64[B]");
    assert_false(check(c, s, logits, tensor(c, AS_I64, AS_DIMS(32))));
    ENGINE_FAILS(c, "labels i64[32], expected i64[B] with B = 64 from logits");
    assert_false(check(c, s, tensor(c, AS_F32, AS_DIMS(64)), NULL));
    ENGINE_FAILS(c, "logits f32[64], expected f32[B,C]");
    assert_false(check(c, s, logits, NULL));
    ENGINE_FAILS(c, "labels was not given, expected i64[B]");
    assert_false(check(c, s, tensor(c, AS_F64, AS_DIMS(2, 2)), NULL));
    ENGINE_FAILS(c, "logits f64[2,2], expected f32[B,C]");
    signature_free(s);
}

static void checks_products_and_rests(void **state)
{
    as_ctx *c = *state;
    /* M*B stands first: B is known from the second input only */
    signature *s = parse("views f32[M*B,dim], index i64[B] -> loss f32[M]");
    assert_true(check(c, s, tensor(c, AS_F32, AS_DIMS(6, 3)), tensor(c, AS_I64, AS_DIMS(2))));
    assert_false(check(c, s, tensor(c, AS_F32, AS_DIMS(7, 3)), tensor(c, AS_I64, AS_DIMS(2))));
    ENGINE_FAILS(c, "views f32[7,3], expected f32[M*B,dim] with B = 2 from index");
    assert_false(check(c, s, tensor(c, AS_F32, AS_DIMS(6, 4)), tensor(c, AS_I64, AS_DIMS(2))));
    ENGINE_FAILS(c, "views f32[6,4], expected f32[M*B,dim] with a parameter of 3");
    signature_free(s);
    s = parse("a f32[B,...], b? f32[B,...] -> loss f32");
    as_t a = tensor(c, AS_F32, AS_DIMS(4, 2, 3));
    assert_true(check(c, s, a, NULL));
    assert_true(check(c, s, a, tensor(c, AS_F32, AS_DIMS(4, 2, 3))));
    assert_true(check(c, s, tensor(c, AS_F32, AS_DIMS(4)), tensor(c, AS_F32, AS_DIMS(4))));
    assert_false(check(c, s, a, tensor(c, AS_F32, AS_DIMS(4, 2))));
    ENGINE_FAILS(c, "b f32[4,2], expected f32[B,...] with ... = 2,3 from a");
    assert_false(check(c, s, tensor(c, AS_F32, AS_SCALAR), NULL));
    ENGINE_FAILS(c, "a f32[], expected f32[B,...]");
    signature_free(s);
    s = parse("a f32[...,D], b f32[D] -> loss f32");
    assert_true(check(c, s, tensor(c, AS_F32, AS_DIMS(4, 2, 3)), tensor(c, AS_F32, AS_DIMS(3))));
    assert_false(check(c, s, tensor(c, AS_F32, AS_DIMS(4, 2, 3)), tensor(c, AS_F32, AS_DIMS(4))));
    ENGINE_FAILS(c, "b f32[4], expected f32[D] with D = 3 from a");
    signature_free(s);
}

static void checks_values(void **state)
{
    as_ctx *c = *state;
    signature *s = parse("logits f32[B,C], labels i64[B]<C -> loss f32[B]");
    as_t logits = tensor(c, AS_F32, AS_DIMS(4, 10));
    const int64_t labels[] = {0, 9, 3, 12};
    as_t x = tensor_from(c, AS_I64, AS_DIMS(4), labels);
    assert_false(check(c, s, logits, x));
    ENGINE_FAILS(c, "labels: value 12 at [3], expected 0 <= value < 10 (C)");
    ((int64_t *)x->data)[3] = 9;
    assert_true(check(c, s, logits, x));
    ((int64_t *)x->data)[1] = -1;
    assert_false(check(c, s, logits, x));
    ENGINE_FAILS(c, "labels: value -1 at [1], expected 0 <= value < 10 (C)");
    signature_free(s);
    /* a view with gaps: column 1 of [2,2] holds 1 and 7 */
    const int64_t table[] = {50, 1, 50, 7};
    as_t wide = tensor_from(c, AS_I64, AS_DIMS(2, 2), table);
    s = parse("index i64[B]<n_samples, again? i64[B]<8 -> loss f32[B]");
    as_t column = as_squeeze(c, as_slice(c, wide, 1, 1, 2, 1), 1);
    ENGINE_OK(c);
    assert_false(check(c, s, column, NULL));
    ENGINE_FAILS(c, "index: value 7 at [1], expected 0 <= value < 5 (n_samples)");
    signature_free(s);
    s = parse("index i64[B]<8, again? i64[B]<7 -> loss f32[B]");
    assert_true(check(c, s, column, NULL));
    assert_false(check(c, s, column, column));
    ENGINE_FAILS(c, "again: value 7 at [1], expected 0 <= value < 7");
    signature_free(s);
}

static void follows_the_working_float(void **state)
{
    as_ctx *c = *state;
    signature *s = parse("a f32[B], b f64[B] -> loss f32[B]");
    as_t single = tensor(c, AS_F32, AS_DIMS(2)), twice = tensor(c, AS_F64, AS_DIMS(2));
    assert_true(check(c, s, single, twice));
    context_of(c)->working = AS_F64;
    assert_true(check(c, s, twice, twice));
    assert_false(check(c, s, single, twice));
    ENGINE_FAILS(c, "a f32[2], expected f32[B] in f64");
    context_of(c)->working = AS_F32;
    signature_free(s);
}

static void checks_the_rest_of_the_inputs(void **state)
{
    as_ctx *c = *state;
    signature *s = parse("student model{params, taps:h}, opt group -> loss f32");
    as_model bare = {.offers = 0};
    argument in[3] = {{.model = &bare}};
    signature_bound bound;
    assert_false(signature_check_in(s, c, NULL, in, 2, &bound));
    ENGINE_FAILS(c, "student is a model without parameters, expected model{params, taps:h}");
    bare.offers = MODEL_PARAMS;
    assert_false(signature_check_in(s, c, NULL, in, 2, &bound));
    ENGINE_FAILS(c, "student is a model without taps, expected model{params, taps:h}");
    bare.offers = MODEL_PARAMS | MODEL_TAPS;
    assert_false(signature_check_in(s, c, NULL, in, 2, &bound));
    ENGINE_FAILS(c, "opt was not given, expected group");
    assert_false(signature_check_in(s, c, NULL, in, 3, &bound));
    ENGINE_FAILS(c, "3 inputs, expected 2 (student, opt)");
    signature_free(s);
}

/* Taps share the letters of their model's call; one may be named by a parameter. */
static void checks_taps(void **state)
{
    as_ctx *c = *state;
    typedef struct {
        const char *layer;
    } given;
    static const as_param table[] = {AS_STRING(given, layer, "body.2", "x"), AS_END};
    const given g = {"body.2"};
    as_error e = {{0}};
    signature *s = signature_parse("w f32[D], net model{params, taps:h f32[B,^D]|layer f32[B,W]|any}"
                                   "(f32[B,...] -> f32[B]) -> y f32",
                                   table, &e);
    assert_non_null(s);
    const signature *call = s->in[1].call;
    assert_int_equal(s->in[1].needs, MODEL_PARAMS | MODEL_TAPS);
    assert_int_equal(call->tap_count, 2);
    assert_string_equal(signature_tap_path(&call->tap[1], &g), "body.2");
    as_model net = {.offers = MODEL_PARAMS | MODEL_TAPS};
    argument in[2] = {{.tensor = tensor(c, AS_F32, AS_DIMS(6))}, {.model = &net}};
    argument x = {.tensor = tensor(c, AS_F32, AS_DIMS(4, 2))};
    signature_bound outer, b;
    assert_true(signature_check_in(s, c, &g, in, 2, &outer));
    assert_true(signature_check_call(call, c, &g, &x, 1, &b, &outer));
    assert_true(signature_check_tap(call, c, &g, "h", tensor(c, AS_F32, AS_DIMS(4, 6)), &b));
    assert_true(signature_check_tap(call, c, &g, "body.2", tensor(c, AS_F32, AS_DIMS(4, 9)), &b));
    assert_true(signature_check_tap(call, c, &g, "any", tensor(c, AS_F32, AS_DIMS(1)), &b));
    assert_false(signature_check_tap(call, c, &g, "h", tensor(c, AS_F32, AS_DIMS(4, 5)), &b));
    ENGINE_FAILS(c, "tap h f32[4,5], expected f32[B,^D] with D = 6 from w");
    assert_false(signature_check_tap(call, c, &g, "body.2", tensor(c, AS_F32, AS_DIMS(3, 9)), &b));
    ENGINE_FAILS(c, "tap layer f32[3,9], expected f32[B,W] with B = 4 from its input 1");
    signature_free(s);
    assert_null(signature_parse("net model{taps:h f32[B]} -> y f32", table, &e));
    TEXT_IS(e, "signature: column 26: expected \"(\" and what the model takes, for the types of its taps, "
               "found \"-> y f32\"");
}

/* Tensors among the parameters bind the letters first; what they leave open the inputs say. */
static void checks_tensor_parameters(void **state)
{
    as_ctx *c = *state;
    typedef struct {
        as_t mask, pairs, place;
    } given;
    static const as_param table[] = {
        AS_TENSOR(given, mask, "f32[C]", "x"),
        AS_TENSOR(given, pairs, "f32[C,M*B]", "x"),
        AS_TENSOR(given, place, "i64[M]<B", "x"),
        AS_END,
    };
    as_error e = {{0}};
    signature *s = signature_parse("logits f32[B,C], labels? i64[B]<C -> loss f32[B]", table, &e);
    given g = {0};
    signature_bound b;
    argument in[2] = {{.tensor = tensor(c, AS_F32, AS_DIMS(4, 3))}};
    assert_non_null(s);
    assert_int_equal(s->param_count, 3);
    assert_true(signature_check_params(s, c, &g) && signature_check_in(s, c, &g, in, 1, &b));
    g.mask = tensor(c, AS_F32, AS_DIMS(3));
    g.pairs = tensor(c, AS_F32, AS_DIMS(3, 8));
    assert_true(signature_check_params(s, c, &g) && signature_check_in(s, c, &g, in, 1, &b));
    assert_true(b.size[0] == 4 && b.size[1] == 3 && b.size[2] == 2);
    g.pairs = tensor(c, AS_F32, AS_DIMS(3, 9));
    assert_true(signature_check_params(s, c, &g));
    assert_false(signature_check_in(s, c, &g, in, 1, &b));
    ENGINE_FAILS(c, "parameter pairs f32[3,9], expected f32[C,M*B] with B = 4 from logits");
    g.pairs = NULL;
    g.mask = tensor(c, AS_F32, AS_DIMS(5));
    assert_true(signature_check_params(s, c, &g));
    assert_false(signature_check_in(s, c, &g, in, 1, &b));
    ENGINE_FAILS(c, "logits f32[4,3], expected f32[B,C] with C = 5 from parameter mask");
    g.pairs = tensor(c, AS_F32, AS_DIMS(3, 8));
    assert_false(signature_check_params(s, c, &g));
    ENGINE_FAILS(c, "parameter pairs f32[3,8], expected f32[C,M*B] with C = 5 from parameter mask");
    g.mask = g.pairs = NULL;
    g.place = tensor_from(c, AS_I64, AS_DIMS(2), (const int64_t[]){0, 4});
    assert_true(signature_check_params(s, c, &g));
    assert_false(signature_check_in(s, c, &g, in, 1, &b));
    ENGINE_FAILS(c, "parameter place: value 4 at [1], expected 0 <= value < 4 (B)");
    signature_free(s);
}

static void says_where_a_parameters_type_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *type, *error;
    } wrong[] = {
        {"f16[C]", "parameter mask: type: column 1: expected a type (f32, f64, i64, model, function, group, "
                   "state, dataset), found \"f16[C]\""},
        {"f32[C", "parameter mask: type: column 6: expected \",\" or \"]\", the text ends here"},
        {"f32[C] x", "parameter mask: type: column 8: expected the end, found \"x\""},
        {"model", "parameter mask: type: column 1: expected a tensor (f32, f64, i64), found \"model\""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const as_param table[] = {
            {.type = AS_PARAM_TENSOR, .name = "mask", .range = wrong[i].type, .doc = "x"}, AS_END};
        as_error e = {{0}};
        assert_null(signature_parse("x f32[B,C] -> y f32", table, &e));
        assert_string_equal(e.text, wrong[i].error);
    }
}

static void checks_outputs(void **state)
{
    as_ctx *c = *state;
    signature *s = parse("x f32[B,C] -> loss f32[B], chosen? i64[B]<C, w f32[K,K]");
    const argument in[1] = {{.tensor = tensor(c, AS_F32, AS_DIMS(4, 2))}};
    signature_bound b;
    assert_true(signature_check_in(s, c, NULL, in, 1, &b));
    assert_true(signature_check_out(s, c, NULL, 0, tensor(c, AS_F32, AS_DIMS(4)), &b));
    assert_false(signature_check_out(s, c, NULL, 0, in[0].tensor, &b));
    ENGINE_FAILS(c, "returned f32[4,2], expected loss f32[B]");
    assert_false(signature_check_out(s, c, NULL, 0, tensor(c, AS_F32, AS_DIMS(5)), &b));
    ENGINE_FAILS(c, "returned f32[5], expected loss f32[B] with B = 4 from x");
    assert_false(signature_check_out(s, c, NULL, 0, NULL, &b));
    ENGINE_FAILS(c, "returned no tensor, expected loss f32[B]");
    assert_true(signature_check_out(s, c, NULL, 1, NULL, &b));
    assert_false(signature_check_out(s, c, NULL, 2, tensor(c, AS_F32, AS_DIMS(3, 2)), &b));
    ENGINE_FAILS(c, "output 2 is f32[3,2], expected w f32[K,K] with K = 3 from w");
    assert_false(signature_check_out(s, c, NULL, 2, NULL, &b));
    ENGINE_FAILS(c, "output 2 was not given, expected w f32[K,K]");
    signature_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_loss),
        cmocka_unit_test(reads_models_and_states),
        cmocka_unit_test(says_where_it_is_wrong),
        cmocka_unit_test(survives_garbage),
        cmocka_unit_test_setup_teardown(checks_shapes, plugin_context_setup, plugin_context_teardown),
        cmocka_unit_test_setup_teardown(checks_products_and_rests, plugin_context_setup,
                                        plugin_context_teardown),
        cmocka_unit_test_setup_teardown(checks_values, plugin_context_setup, plugin_context_teardown),
        cmocka_unit_test_setup_teardown(follows_the_working_float, plugin_context_setup,
                                        plugin_context_teardown),
        cmocka_unit_test_setup_teardown(checks_the_rest_of_the_inputs, plugin_context_setup,
                                        plugin_context_teardown),
        cmocka_unit_test_setup_teardown(checks_taps, plugin_context_setup, plugin_context_teardown),
        cmocka_unit_test_setup_teardown(checks_tensor_parameters, plugin_context_setup,
                                        plugin_context_teardown),
        cmocka_unit_test(says_where_a_parameters_type_is_wrong),
        cmocka_unit_test_setup_teardown(checks_outputs, plugin_context_setup, plugin_context_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
