/* Several processes, and the sudden death of one. Children report by their exit code. */
#include "results_fixture.h"

#include <signal.h>
#include <sys/prctl.h>

#define STEPS 400

/* Logs two values a step and says through `out` which step is committed. -> exit code */
static int log_steps(int64_t run, int64_t steps, int out)
{
    as_error e = {0};
    store *s = store_open(database, STORE_WRITE, &e);
    for (int64_t step = 1; s && step <= steps; step++) {
        store_value values[] = {{"loss", (double)step}, {"accuracy", 0.5}};
        if (!store_log(s, run, 1, step, values, 2, &e))
            break;
        if (out >= 0 && write(out, &step, sizeof step) != sizeof step)
            return 3;
    }
    if (e.text[0])
        fprintf(stderr, "%s\n", e.text);
    store_close(s);
    return e.text[0] ? 1 : 0;
}

static void kill_nine_keeps_every_committed_row(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1), step = 0, last = 0;
    store_close(s);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0)
        _exit(log_steps(run, INT64_MAX, ends[1]));
    close(ends[1]);
    while (last < 250 && read(ends[0], &step, sizeof step) == sizeof step)
        last = step;
    kill(pid, SIGKILL);
    while (read(ends[0], &step, sizeof step) == sizeof step) /* what it had said before it died */
        last = step;
    close(ends[0]);
    waitpid(pid, NULL, 0);

    s = open_store(STORE_WRITE);
    int64_t kept = strtoll(ask(s, "SELECT count(DISTINCT step) FROM metric"), NULL, 10);
    assert_true(last >= 250);
    assert_true(kept == last || kept == last + 1); /* it may have died between the commit and saying so */
    assert_string_equal(ask(s, "SELECT count(*) = 2 * max(step) FROM metric"), "1"); /* no half step */
    assert_string_equal(ask(s, "PRAGMA integrity_check"), "ok");
    store_close(s);
}

static void wait_for(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("child ended with status %d", status);
}

static void two_processes_log_at_once(void **state)
{
    (void)state;
    store *s = open_store(STORE_WRITE);
    int64_t run[2] = {make_run(s, "a", 1), make_run(s, "a", 2)};
    store_close(s);
    pid_t child[2];
    for (int i = 0; i < 2; i++)
        if ((child[i] = fork()) == 0)
            _exit(log_steps(run[i], STEPS, -1));
    s = open_store(STORE_WRITE); /* and a third one writes beside them */
    for (int i = 0; i < 50; i++)
        MUST(store_event(s, run[0], 1, i, "warning", "x", &no_error) && store_sync(s, &no_error));
    for (int i = 0; i < 2; i++)
        wait_for(child[i]);
    assert_string_equal(ask(s, "SELECT group_concat(n) FROM (SELECT count(*) n FROM metric GROUP BY run_id)"),
                        "800,800");
    assert_string_equal(ask(s, "SELECT count(*) FROM metric_name"), "2");
    assert_string_equal(ask(s, "SELECT count(*) FROM event"), "50");
    store_close(s);
}

/* Opens the not yet existing file and makes a run in it. */
static int make_first(void)
{
    as_error e = {0};
    store *s = store_open(database, STORE_WRITE, &e);
    int64_t x, run;
    char uuid[STORE_UUID];
    store_experiment_info info = {.name = "quick", .script = "q.lua", .source = "return 1"};
    bool ok = s && store_experiment(s, &info, &x, &e);
    store_run_info r = {
        .experiment = ok ? x : 0, .stage = "run", .arm = "a", .has_seed = true, .identity = "i"};
    ok = ok && store_create_run(s, &r, &run, uuid, &e);
    if (!ok)
        fprintf(stderr, "%s\n", e.text);
    store_close(s);
    return ok ? 0 : 1;
}

static void many_processes_make_the_same_file(void **state)
{
    (void)state;
    pid_t child[6];
    for (int i = 0; i < 6; i++)
        if ((child[i] = fork()) == 0)
            _exit(make_first());
    for (int i = 0; i < 6; i++)
        wait_for(child[i]);
    store *s = open_store(STORE_READ);
    assert_string_equal(ask(s, "SELECT (SELECT count(*) FROM run) || (SELECT count(*) FROM experiment)"),
                        "61");
    store_close(s);
}

/* A process that does nothing until it is killed, and is then left a zombie of this one. `orphan`: another
 * one, in a session of its own, had started it and is gone. */
static pid_t start_idle(bool orphan)
{
    int ends[2];
    pid_t pid = 0, parent;
    assert_int_equal(pipe(ends), 0);
    if ((parent = fork()) == 0) {
        if (orphan && (setsid() < 0 || (pid = fork()) > 0))
            _exit(0);
        pid = getpid();
        if (pid > 0 && write(ends[1], &pid, sizeof pid) == sizeof pid)
            pause();
        _exit(1);
    }
    assert_int_equal(read(ends[0], &pid, sizeof pid), sizeof pid);
    close(ends[0]);
    close(ends[1]);
    if (orphan)
        wait_for(parent);
    return pid;
}

static void leave_as_zombie(pid_t pid)
{
    siginfo_t info;
    kill(pid, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void a_zombie_is_gone_once_its_supervisor_is(void **state)
{
    (void)state;
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    store *s = open_store(STORE_WRITE);
    int64_t run[2];
    pid_t pid[2];
    for (int i = 0; i < 2; i++) {
        run[i] = make_run(s, "a", 1 + i);
        pid[i] = start_idle(i == 1);
        MUST(store_run_process(s, run[i], pid[i], &no_error));
    }
    store_close(s);
    s = open_store(STORE_READ);
    assert_string_equal(ask(s, "SELECT group_concat(status) FROM run"), "running,running");
    for (int i = 0; i < 2; i++)
        leave_as_zombie(pid[i]);
    store_close(s);
    s = open_store(STORE_READ); /* the first one's parent, this process, may be about to write its end */
    assert_string_equal(ask(s, "SELECT group_concat(status) FROM run"), "running,lost");
    for (int i = 0; i < 2; i++)
        waitpid(pid[i], NULL, 0);
    store_close(s);
    s = open_store(STORE_READ);
    assert_string_equal(ask(s, "SELECT group_concat(status) FROM run"), "lost,lost");
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(kill_nine_keeps_every_committed_row),
        TEST(two_processes_log_at_once),
        TEST(many_processes_make_the_same_file),
        TEST(a_zombie_is_gone_once_its_supervisor_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
