/* A plugin that kills its process leaves behind where it was: plugin, call, step, signal, address. */
#include "plugin_fixture.h"

#include "base/breadcrumb.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the worker does, in a process of its own. */
static void call_plugin(const char *name)
{
    as_ctx *c = context_new(services_table(), 1);
    as_error e = {{0}};
    breadcrumb_catch();
    atomic_store(&breadcrumb_here()->step, 120);
    plugin *p = load_plugin("losses", name, &e);
    instance *i = p ? instance_new(c, p, NULL, NULL, 0, 0) : NULL;
    as_t out[1];
    if (i)
        call_forward(i, &(argument){.tensor = tensor_full(c, AS_F32, AS_DIMS(2), 1)}, 1, out);
    _exit(3); /* not reached by what is tested here */
}

static const breadcrumb *crash(const char *name)
{
    char text[16];
    int fd = memfd_create("breadcrumb", 0);
    assert_true(fd >= 0 && ftruncate(fd, sizeof(breadcrumb)) == 0);
    snprintf(text, sizeof text, "%d", fd);
    setenv(BREADCRUMB_FD_ENV, text, 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) /* a sanitizer's report is not this test's output */
            _exit(4);
        call_plugin(name);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    const breadcrumb *page = mmap(NULL, sizeof *page, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(page != MAP_FAILED);
    close(fd);
    assert_int_equal(page->signal, SIGSEGV);
    assert_int_equal(page->step, 120);
    assert_int_equal(page->depth, 1);
    assert_string_equal(breadcrumb_top(page)->call, "forward");
    return page;
}

static void null_pointer(void **state)
{
    (void)state;
    const breadcrumb *page = crash("segfault");
    assert_string_equal(breadcrumb_top(page)->plugin, "losses/segfault");
    assert_int_equal(page->address, 0);
}

static void stack_overflow(void **state)
{
    (void)state;
    const breadcrumb *page = crash("recursion");
    assert_string_equal(breadcrumb_top(page)->plugin, "losses/recursion");
    assert_int_not_equal(page->address, 0);
}

int main(void)
{
    setenv("ASSAY_PLUGIN_PATH", BAD_PLUGINS, 1);
    if (chdir("/") != 0) /* where no ./plugins is */
        return 1;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_pointer),
        cmocka_unit_test(stack_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
