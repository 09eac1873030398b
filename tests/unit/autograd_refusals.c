/* Every operation with inputs of a wrong dtype, shape, axis or index: either it works (broadcasting), or the
 * text names the operation and what it got, and a graph begun before goes on as if nothing had been. */
#include "op_harness.h"

#include <string.h>

/* ---- what was wrong, for the text of a failed test ---- */

static const char *wrong;
static int wrong_at;

/* A graph that stands while the operation fails: x^2 whose gradient must come out right afterwards. */
static as_t standing, root;

static void begin(as_ctx *c)
{
    standing = tensor_full(c, AS_F64, AS_DIMS(3), 5);
    tape_require(c, standing, true);
    root = as_sum(c, as_square(c, standing), AS_ALL);
}

static void tape_works(as_ctx *c, const op_case *k)
{
    as_t g = as_grad(c, root, standing, false);
    as_error e;
    if (context_take_error(c, &e) || engine_at(g, 0) != 10)
        fail_msg("%s: after a wrong %s of input %d the tape does not work", k->name, wrong, wrong_at);
}

/* "NAME: ...", the name that of a row of the table; of several operations together, of any. */
static bool names_operation(const op_case *k, const char *text)
{
    char name[40];
    as_op_code code;
    const char *colon = strstr(text, ": ");
    if (!colon || colon - text >= (int)sizeof name)
        return false;
    snprintf(name, sizeof name, "%.*s", (int)(colon - text), text);
    bool other = k->call || (k->code == AS_OP_BATCH_NORM && op_find(name, &code)); /* its moments' */
    return other || !strcmp(name, op_at(k->code)->name);
}

/* Runs the case on these inputs, recorded. Whether it failed; then the text names the operation and, of a row
 * of the table, what each tensor is. */
static bool fails(as_ctx *c, const op_case *k, const as_t *in)
{
    as_error e = {0};
    for (int i = 0; i < k->n; i++)
        if (differentiable(k, i) && tensor_is_float(in[i]))
            tape_require(c, in[i], true);
    apply(c, k, in, DENSE);
    if (!context_take_error(c, &e))
        return false;
    bool told = names_operation(k, e.text);
    for (int i = 0; i < k->n && !k->call && k->code != AS_OP_BATCH_NORM; i++) {
        char text[TENSOR_TEXT];
        told &= strstr(e.text, tensor_shape_text(in[i], text)) != NULL;
    }
    if (!told)
        fail_msg("%s, wrong %s of input %d: \"%s\"", k->name, wrong, wrong_at, e.text);
    tape_works(c, k);
    return true;
}

/* Operations that only move items take any dtype. */
static bool any_dtype(const op_case *k)
{
    switch (k->code) {
    case AS_OP_INDEX_SELECT:
    case AS_OP_RESHAPE:
    case AS_OP_PERMUTE:
    case AS_OP_EXPAND:
    case AS_OP_SLICE:
    case AS_OP_UNSLICE:
    case AS_OP_CAST:
    case AS_OP_CONTIGUOUS:
        return true;
    default: /* what several operations make of it is theirs; a batch norm's moments are made here */
        return k->call || k->code == AS_OP_BATCH_NORM;
    }
}

static void check_dtypes(as_ctx *c, const op_case *k, int i)
{
    as_t in[INPUTS_MAX];
    int floats = 0;
    for (int j = 0; j < k->n; j++)
        floats += !k->below[j];
    make_inputs(c, k, AS_F32, in);
    in[i] = k->below[i] ? as_cast(c, in[i], AS_F32) : as_cast(c, as_shift(c, in[i], 3), AS_I64);
    if (!fails(c, k, in) && !any_dtype(k))
        fail_msg("%s takes %s as input %d", k->name, k->below[i] ? "f32" : "i64", i);
    if (k->below[i] || floats < 2)
        return;
    make_inputs(c, k, AS_F32, in);
    in[i] = as_cast(c, in[i], AS_F64);
    if (!fails(c, k, in) && !any_dtype(k))
        fail_msg("%s takes f64 beside f32 as input %d", k->name, i);
}

/* 4 places more, no axis, an axis more: either it works, or the text tells. */
static int check_shapes(as_ctx *c, const op_case *of, int i)
{
    static const char *const names[] = {"size", "lack of axes", "number of axes"};
    int refused = 0;
    for (int change = 0; change < 3; change++) {
        op_case k = *of;
        as_t in[INPUTS_MAX];
        as_dims *d = &k.dims[i];
        wrong = names[change];
        if (change == 0 && d->rank)
            d->size[d->rank - 1] += 4;
        else if (change == 1)
            d->rank = 0;
        else if (d->rank < AS_MAX_RANK)
            d->size[d->rank++] = 3;
        make_inputs(c, &k, AS_F32, in);
        refused += fails(c, &k, in);
    }
    return refused;
}

/* Of what takes an axis: one past the last, one before the first. */
static void check_axes(as_ctx *c, const op_case *of)
{
    static const char *const forms[] = {"axis", "index", "slice", "list"};
    const char *form = op_at(of->code)->form;
    bool takes = false;
    for (int i = 0; i < 4; i++)
        takes |= !strcmp(form, forms[i]);
    if (of->call || !(takes || !strcmp(form, "axes")))
        return;
    for (int before = 0; before < 2; before++) {
        op_case k = *of;
        as_t in[INPUTS_MAX];
        wrong = "axis";
        int rank = k.dims[0].rank;
        if (!takes)
            k.attr.i[0] = (int64_t)1 << (rank + before);
        else
            k.attr.i[0] = before ? -rank - 1 : rank;
        make_inputs(c, &k, AS_F32, in);
        if (!fails(c, &k, in))
            fail_msg("%s takes axis %d of %d", k.name, (int)k.attr.i[0], rank);
    }
}

static void check_indices(as_ctx *c, const op_case *k, int i)
{
    for (int below = 0; below < 2 && k->below[i]; below++) {
        as_t in[INPUTS_MAX];
        wrong = "index";
        make_inputs(c, k, AS_F32, in);
        ((int64_t *)in[i]->data)[in[i]->count - 1] = below ? -1 : k->below[i];
        if (!fails(c, k, in) && k->code != AS_OP_EQ)
            fail_msg("%s takes index %d of %d", k->name, below ? -1 : (int)k->below[i], (int)k->below[i]);
    }
}

static void all_cases(void **state)
{
    as_ctx *c = *state;
    int refused = 0;
    begin(c);
    for (size_t n = 0; n < OP_CASES; n++) {
        as_scope s = as_open(c);
        check_axes(c, &op_cases[n]);
        for (int i = 0; i < op_cases[n].n; i++) {
            wrong = "dtype";
            wrong_at = i;
            check_dtypes(c, &op_cases[n], i);
            refused += check_shapes(c, &op_cases[n], i);
            check_indices(c, &op_cases[n], i);
        }
        as_close(c, s, NULL);
    }
    assert_true(refused > 300); /* of about 800 shapes; many broadcast */
}

static int setup(void **state)
{
    *state = engine_context();
    return 0;
}

static int teardown(void **state)
{
    context_free(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_cases, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
