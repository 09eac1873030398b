/* Values that leave the graph, recorded and given again. */
#include "engine.h"

#include "autograd/replay.h"

typedef struct {
    as_ctx *c;
    replay r;
    as_t x; /* a leaf of two items */
} fixture;

static void open_fixture(fixture *f)
{
    const float values[2] = {3, 5};
    *f = (fixture){.c = engine_context()};
    f->x = tensor_from(f->c, AS_F32, (as_dims){1, {2}}, values);
    assert_true(tape_require(f->c, f->x, true));
    context_of(f->c)->replay = &f->r;
}

static void close_fixture(fixture *f)
{
    ENGINE_OK(f->c);
    replay_free(&f->r);
    context_free(f->c);
}

static void set(fixture *f, float first, float second)
{
    ((float *)f->x->data)[0] = first;
    ((float *)f->x->data)[1] = second;
    tensor_touch(f->x);
}

static void test_a_detached_value_comes_back(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    as_t twice = as_detach(f.c, as_scale(f.c, f.x, 2));
    assert_true(engine_at(twice, 0) == 6 && engine_at(twice, 1) == 10);
    assert_int_equal(f.r.count, 1);
    set(&f, 7, 8);
    replay_rewind(&f.r, true);
    twice = as_detach(f.c, as_scale(f.c, f.x, 2));
    assert_true(engine_at(twice, 0) == 6 && engine_at(twice, 1) == 10); /* of the base point */
    assert_false(f.r.diverged);
    close_fixture(&f);
}

/* Items, comparisons, and what is computed without recording leave in one order. */
static void test_every_way_out(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    for (int pass = 0; pass < 2; pass++) {
        if (pass == 1) {
            set(&f, -1, 2);
            replay_rewind(&f.r, true);
        }
        assert_true(as_item(f.c, as_sum(f.c, f.x, AS_ALL)) == 8);
        assert_true(as_equal(f.c, f.x, f.x));
        bool before = as_no_grad(f.c);
        as_t square = as_square(f.c, f.x);
        as_no_grad_end(f.c, before);
        assert_true(engine_at(square, 1) == 25);
        as_t greater = as_gt(f.c, f.x, as_full(f.c, AS_SCALAR, 0)); /* no gradient flows */
        assert_true(engine_at(greater, 0) == 1);
    }
    assert_int_equal(f.r.count, 4);
    assert_int_equal(f.r.at, 4);
    assert_false(f.r.diverged);
    close_fixture(&f);
}

/* What the graph holds stays live: only what leaves it is frozen. */
static void test_the_graph_is_not_frozen(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    as_t kept = as_mul(f.c, f.x, as_detach(f.c, f.x)); /* x sg(x) */
    assert_true(engine_at(kept, 0) == 9);
    set(&f, 4, 5);
    replay_rewind(&f.r, true);
    kept = as_mul(f.c, f.x, as_detach(f.c, f.x));
    assert_true(engine_at(kept, 0) == 12); /* 4 * 3 */
    as_t g = as_grad(f.c, as_sum(f.c, kept, AS_ALL), f.x, false);
    assert_true(engine_at(g, 0) == 3);
    close_fixture(&f);
}

static void test_another_branch_is_told(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    as_item(f.c, as_sum(f.c, f.x, AS_ALL));
    replay_rewind(&f.r, true);
    as_t live = as_detach(f.c, as_scale(f.c, f.x, 2)); /* a tensor where a number left */
    assert_true(f.r.diverged);
    assert_true(engine_at(live, 0) == 6);
    f.r.diverged = false;
    assert_true(as_item(f.c, as_sum(f.c, f.x, AS_ALL)) == 8); /* more than were recorded: the live one */
    assert_true(f.r.diverged);
    close_fixture(&f);
}

/* A recorded value is a copy, and rewinding to record drops it. */
static void test_records_are_copies(void **state)
{
    (void)state;
    fixture f;
    open_fixture(&f);
    as_detach(f.c, f.x); /* shares x's storage */
    set(&f, 0, 0);
    replay_rewind(&f.r, true);
    assert_true(engine_at(as_detach(f.c, f.x), 0) == 3);
    replay_rewind(&f.r, false);
    assert_int_equal(f.r.count, 0);
    assert_true(engine_at(as_detach(f.c, f.x), 0) == 0);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_detached_value_comes_back), cmocka_unit_test(test_every_way_out),
        cmocka_unit_test(test_the_graph_is_not_frozen),     cmocka_unit_test(test_another_branch_is_told),
        cmocka_unit_test(test_records_are_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
