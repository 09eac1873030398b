/* The bindings when the engine's memory runs out at any point: an error a script can catch, nothing lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lua/host.h"
#include "plugin/services.h"
#include "tensor/alloc.h"

#include <string.h>

#define FAILURES_MOST 5000 /* more allocations than any chunk here makes */

typedef struct {
    as_ctx *c;
    lua_State *L;
} fixture;

static int set_up(void **state)
{
    static fixture f;
    f.c = context_new(services_table(), 1);
    f.L = f.c ? lua_host_new(f.c, ASSAY_TEST_ROOT "/lua") : NULL;
    *state = &f;
    return f.L && luaL_dostring(f.L, "as, nn = require 'assay', require 'assay.nn'") == LUA_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    lua_host_free(f->L);
    context_free(f->c);
    return 0;
}

/* Runs the chunk with the n-th allocation failing, for n = 1, 2, ... until it gets through. */
static void try_all(fixture *f, const char *chunk)
{
    assert_int_equal(luaL_dostring(f->L, chunk), LUA_OK); /* streams and caches are made now */
    lua_gc(f->L, LUA_GCCOLLECT);
    size_t before = alloc_in_use();
    for (int n = 1; n < FAILURES_MOST; n++) {
        lua_settop(f->L, 0);
        alloc_fail_at(n);
        int status = luaL_dostring(f->L, chunk);
        alloc_fail_at(0);
        if (status != LUA_OK && !strstr(lua_tostring(f->L, -1), "out of memory"))
            fail_msg("allocation %d: %s", n, lua_tostring(f->L, -1));
        lua_settop(f->L, 0);
        lua_gc(f->L, LUA_GCCOLLECT);
        assert_int_equal(alloc_in_use(), before);
        assert_true(context_ok(f->c));
        if (status == LUA_OK)
            return;
    }
    fail_msg("the chunk never got through");
}

static void arithmetic(void **state)
{
    try_all(*state, "local a = as.tensor { { 1, 2 }, { 3, 4 } }\n"
                    "local b = (2 / a + a ^ 2 - a:maximum(1)):sum(1)[1]\n"
                    "local c = as.stack { a, as.concat({ a, a }, 1):slice(1, 1, 2) }\n"
                    "a:copy_(c[1]):add_(1)\n");
}

static void gradients(void **state)
{
    try_all(*state, "local x = as.randn(3, 3):requires_grad_()\n"
                    "local y = as.scope(function() return (x:matmul(x) * x):sum() end)\n"
                    "local g = as.grad(y, { x, x }, { create_graph = true })\n"
                    "g[1]:sum():backward()\n");
}

static void training(void **state)
{
    try_all(*state, "local net = nn.seq { nn.linear { 2, 3 }, nn.batch_norm { 3 }, nn.linear { 3, 1 } }\n"
                    "local opt = as.optim.adam { net, lr = 0.1 }\n"
                    "net(as.randn(4, 2)):square():mean():backward()\n"
                    "opt:clip(1)\n"
                    "opt:step()\n"
                    "opt:update(net(as.randn(4, 2)):mean(), 1)\n"
                    "net:load(net:clone():state())\n"
                    "opt:load(opt:state())\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arithmetic, set_up, tear_down),
        cmocka_unit_test_setup_teardown(gradients, set_up, tear_down),
        cmocka_unit_test_setup_teardown(training, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
