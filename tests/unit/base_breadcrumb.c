/* A child faults; its parent reads where and of what from the shared page. */
#include "base/breadcrumb.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char *forbidden; /* a page that may not be touched */
static volatile int sink, endless = 1 << 30;

static void touch_forbidden(void)
{
    sink = *(volatile char *)(forbidden + 5);
}

/* No recursion a compiler can prove endless or turn into a loop. */
__attribute__((noinline)) static int recurse(int depth)
{
    volatile char frame[4096];
    frame[depth % 4096] = (char)depth;
    int below = depth < endless ? recurse(depth + 1) : 0;
    return below + frame[(depth + 1) % 4096];
}

static void overflow(void)
{
    sink = recurse(0);
}

static void *overflow_in_thread(void *unused)
{
    breadcrumb_catch();
    overflow();
    return unused;
}

static void thread_overflow(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, overflow_in_thread, NULL);
    pthread_join(thread, NULL);
}

static void give_up(void)
{
    abort();
}

/* Runs `fault` in a child that is inside losses/outer forward, heads/inner setup at step 120 of 500; -> the
 * page, which the caller unmaps, after checking that the child died of `signal_number` itself. */
static breadcrumb *crash(void (*fault)(void), int signal_number)
{
    int fd = memfd_create("breadcrumb", 0);
    assert_int_equal(ftruncate(fd, sizeof(breadcrumb)), 0);
    breadcrumb *shared = mmap(NULL, sizeof *shared, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(shared != MAP_FAILED);
    pid_t child = fork();
    if (child == 0) {
        char text[16];
        snprintf(text, sizeof text, "%d", fd);
        setenv(BREADCRUMB_FD_ENV, text, 1);
        setrlimit(RLIMIT_CORE, &(struct rlimit){0});
        breadcrumb_catch();
        breadcrumb *b = breadcrumb_here();
        atomic_store(&b->step, 120);
        atomic_store(&b->total, 500);
        breadcrumb_push(b, "losses/outer", "forward");
        breadcrumb_push(b, "heads/inner", "setup");
        fault();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), signal_number);
    assert_int_equal(atomic_load(&shared->signal), signal_number);
    assert_int_equal(atomic_load(&shared->step), 120);
    assert_int_equal(atomic_load(&shared->total), 500);
    assert_int_equal(atomic_load(&shared->depth), 2);
    assert_string_equal(breadcrumb_top(shared)->plugin, "heads/inner");
    assert_string_equal(breadcrumb_top(shared)->call, "setup");
    assert_string_equal(shared->frame[0].plugin, "losses/outer");
    close(fd);
    return shared;
}

static void bad_address(void **state)
{
    (void)state;
    breadcrumb *b = crash(touch_forbidden, SIGSEGV);
    assert_true(atomic_load(&b->address) == (uintptr_t)forbidden + 5);
    munmap(b, sizeof *b);
}

static void stack_overflow(void **state)
{
    (void)state;
    breadcrumb *b = crash(overflow, SIGSEGV);
    assert_true(atomic_load(&b->address) != 0);
    munmap(b, sizeof *b);
}

static void stack_overflow_in_a_thread(void **state)
{
    (void)state;
    breadcrumb *b = crash(thread_overflow, SIGSEGV);
    assert_true(atomic_load(&b->address) != 0);
    munmap(b, sizeof *b);
}

static void aborted(void **state)
{
    (void)state;
    breadcrumb *b = crash(give_up, SIGABRT);
    assert_true(atomic_load(&b->address) == 0); /* nothing faulted */
    munmap(b, sizeof *b);
}

static void frames_nest(void **state)
{
    (void)state;
    breadcrumb b = {0};
    assert_null(breadcrumb_top(&b));
    breadcrumb_push(&b, "samplers/a_name_that_is_longer_than_the_place_kept_for_it",
                    "a_call_that_is_longer_too");
    assert_int_equal(strlen(breadcrumb_top(&b)->plugin), sizeof b.frame->plugin - 1);
    assert_int_equal(strlen(breadcrumb_top(&b)->call), sizeof b.frame->call - 1);
    breadcrumb_push(&b, "b", "step");
    breadcrumb_pop(&b);
    breadcrumb_push(&b, "c", "s"); /* shorter than what stood there */
    assert_string_equal(breadcrumb_top(&b)->plugin, "c");
    assert_string_equal(breadcrumb_top(&b)->call, "s");
    for (int i = 2; i < BREADCRUMB_DEPTH + 5; i++)
        breadcrumb_push(&b, i < BREADCRUMB_DEPTH ? "deep" : "beyond", "x");
    assert_int_equal(atomic_load(&b.depth), BREADCRUMB_DEPTH + 5);
    assert_string_equal(breadcrumb_top(&b)->plugin, "deep"); /* the innermost that has a name */
    for (int i = 0; i < BREADCRUMB_DEPTH + 4; i++)
        breadcrumb_pop(&b);
    assert_int_equal(strncmp(breadcrumb_top(&b)->plugin, "samplers/a_name", 15), 0);
    breadcrumb_pop(&b);
    assert_null(breadcrumb_top(&b));
}

static void without_a_supervisor(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        unsetenv(BREADCRUMB_FD_ENV);
        breadcrumb_push(breadcrumb_here(), "losses/x", "forward");
        _exit(breadcrumb_top(breadcrumb_here()) ? 7 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
}

int main(void)
{
    forbidden = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_address),
        cmocka_unit_test(stack_overflow),
        cmocka_unit_test(stack_overflow_in_a_thread),
        cmocka_unit_test(aborted),
        cmocka_unit_test(frames_nest),
        cmocka_unit_test(without_a_supervisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
