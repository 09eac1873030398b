/* A pool thread that overflows its stack in the midst of a plugin's call: the report names that call, from
 * the thread's own signal stack. */
#include "base/breadcrumb.h"
#include "tensor/pool.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static volatile int sink, endless = 1 << 30;
static pthread_t main_thread;

__attribute__((noinline)) static int recurse(int depth)
{
    volatile char frame[4096];
    frame[depth % 4096] = (char)depth;
    int below = depth < endless ? recurse(depth + 1) : 0;
    return below + frame[(depth + 1) % 4096];
}

/* The main thread's pieces wait for the other's end. */
static void piece(void *arg, int64_t number)
{
    (void)arg, (void)number;
    if (pthread_equal(pthread_self(), main_thread))
        usleep(20000);
    else
        sink = recurse(0);
}

static void in_the_child(void)
{
    breadcrumb_catch();
    main_thread = pthread_self();
    breadcrumb_push(breadcrumb_here(), "losses/x", "forward");
    if (pool_start(2) != 2)
        _exit(3);
    for (;;) /* a thread that has not come up yet leaves the first rounds to this one */
        pool_run(8, piece, NULL);
}

static void stack_overflow_in_a_pool_thread(void **state)
{
    (void)state;
    char text[16];
    int status, fd = memfd_create("breadcrumb", 0);
    assert_true(fd >= 0 && ftruncate(fd, sizeof(breadcrumb)) == 0);
    snprintf(text, sizeof text, "%d", fd);
    setenv(BREADCRUMB_FD_ENV, text, 1);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr)) /* a sanitizer's report is not this test's output */
            _exit(4);
        in_the_child();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    const breadcrumb *page = mmap(NULL, sizeof *page, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(page != MAP_FAILED);
    assert_int_equal(page->signal, SIGSEGV);
    assert_int_not_equal(page->address, 0);
    assert_string_equal(breadcrumb_top(page)->plugin, "losses/x");
    assert_string_equal(breadcrumb_top(page)->call, "forward");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stack_overflow_in_a_pool_thread)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
