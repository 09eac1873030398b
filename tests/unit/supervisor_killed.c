/* kill -9 of the worker, the supervisor and both at random moments: every row whose log returned is in the
 * file, the file is whole, and the next open finds every run's status. This program is also the worker: it
 * logs as fast as it can and says in shared memory what has returned. ASSAY_TEST_KILLS: how often, 300. */
#include "results/internal.h"
#include "supervisor/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define STEPS 400
#define SHARED "ASSAY_TEST_SHARED"

/* What the worker has told so far. */
typedef struct {
    _Atomic int pid;
    _Atomic int64_t run, returned; /* the last step whose log returned */
    _Atomic bool finished;         /* store_finish returned */
} told;

static told *share(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0 || ftruncate(fd, sizeof(told)) != 0)
        exit(95);
    told *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return t == MAP_FAILED ? NULL : t;
}

/* ---- the worker ---- */

static int plan(const char *script)
{
    printf("{\"name\":\"killed\",\"script\":\"%s\",\"source\":\"x\",\"params\":{},\"arms\":[{\"name\":\"a\","
           "\"config\":{}}],\"seeds\":[1],\"claims\":[],\"pool\":false,\"sources\":[],\"plugins\":[]}\n",
           script);
    return 0;
}

static int work(const char *path)
{
    char text[8192] = "";
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    cJSON *job = n ? cJSON_Parse(text) : NULL;
    if (!job)
        return 96;
    told *t = share(getenv(SHARED));
    int64_t run = (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(job, "run"));
    atomic_store(&t->run, run);
    atomic_store(&t->pid, (int)getpid());
    as_error e = {0};
    store *s = store_open(cJSON_GetStringValue(cJSON_GetObjectItem(job, "db")), STORE_WRITE, &e);
    bool ok = s != NULL;
    for (int64_t step = 1; step <= STEPS && ok; step++) {
        ok = store_log(s, run, 1, step, (store_value[]){{"loss", 0.5}, {"norm", (double)step}}, 2, &e);
        if (ok)
            atomic_store(&t->returned, step);
    }
    if (ok && store_finish(s, run, &(store_end_info){.status = "done"}, &e))
        atomic_store(&t->finished, true);
    if (e.text[0])
        fprintf(stderr, "%s\n", e.text);
    store_close(s);
    cJSON_Delete(job);
    return e.text[0] ? 97 : 0;
}

/* ---- the test ---- */

static char folder[64], database[96], script[96], shared[96];

static int supervise(void)
{
    FILE *talk = fopen("/dev/null", "w");
    as_error e = {0};
    supervisor_outcome outcome;
    supervisor_options o = {.script = script, .db = database, .jobs = 1, .again = true, .talk = talk};
    bool ok = supervisor_run(&o, &outcome, &e);
    if (!ok)
        fprintf(stderr, "%s\n", e.text);
    supervisor_outcome_free(&outcome);
    fclose(talk);
    return ok ? 0 : 1;
}

/* The single value of a query, -1 for none. */
static int64_t number(store *s, const char *sql, int64_t run)
{
    as_error e = {0};
    int64_t out;
    if (!sql_number(s, "test", sql, BINDINGS(bind_int(run)), -1, &out, &e))
        fail_msg("%s", e.text);
    return out;
}

enum { WORKER, SUPERVISOR, BOTH, VICTIMS };

typedef struct {
    int64_t returned, kept; /* rows of whose log returned, and rows found */
    int before, during, after, lost, crashed, done;
} counts;

static void strike(int victim, pid_t supervisor, told *t)
{
    int pid = atomic_load(&t->pid);
    if (victim != WORKER)
        kill(supervisor, SIGKILL);
    if (victim != SUPERVISOR && pid)
        kill(pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) /* the orphan too: we are its reaper */
        continue;
}

static void examine(int victim, const told *t, counts *c)
{
    as_error e = {0};
    store *s = store_open(database, STORE_WRITE, &e);
    if (!s)
        fail_msg("%s", e.text);
    assert_int_equal(number(s, "SELECT count(*) FROM run WHERE status = 'running' AND ?1 IS NOT NULL", 0), 0);
    int64_t run = t->run;
    if (run == 0) {
        c->before++;
    } else {
        int64_t steps = number(s, "SELECT count(DISTINCT step) FROM metric WHERE run_id = ?1", run);
        assert_int_equal(number(s, "SELECT count(*) FROM metric WHERE run_id = ?1", run), 2 * steps);
        assert_int_equal(number(s, "SELECT ifnull(max(step), 0) FROM metric WHERE run_id = ?1", run), steps);
        assert_in_range(steps, t->returned, t->returned + 1); /* it may have died before saying so */
        c->returned += 2 * t->returned;
        c->kept += 2 * steps;
        const char *status;
        assert_true(store_run_status(s, run, &status, &e));
        bool done = strcmp(status, "done") == 0, lost = strcmp(status, "lost") == 0;
        bool crashed = strcmp(status, "crashed") == 0;
        c->done += done, c->lost += lost, c->crashed += crashed;
        if (t->finished)
            assert_true(done);
        else if (steps < STEPS)
            assert_true(victim == WORKER ? crashed : lost);
        *(t->finished ? &c->after : &c->during) += 1;
    }
    store_close(s);
}

static void kills(void **state)
{
    (void)state;
    const char *wish = getenv("ASSAY_TEST_KILLS");
    int rounds = wish ? atoi(wish) : 300;
    counts c = {0};
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    told *t = share(shared);
    srand(1);
    int longest = 25000; /* microseconds */
    for (int i = 0; i < rounds; i++) {
        *t = (told){0};
        pid_t supervisor = fork();
        if (supervisor == 0)
            _exit(supervise());
        if (i % 4) /* most strikes after the worker has come up, the others at any moment before */
            for (int k = 0; k < 2000 && atomic_load(&t->pid) == 0; k++)
                usleep(500);
        usleep((useconds_t)(rand() % longest));
        strike(i % VICTIMS, supervisor, t);
        examine(i % VICTIMS, t, &c);
    }
    as_error e = {0};
    store *s = store_open(database, STORE_WRITE, &e);
    assert_non_null(s);
    assert_int_equal(
        number(s, "SELECT ?1 = 0 AND (SELECT integrity_check FROM pragma_integrity_check) = 'ok'", 0), 1);
    store_close(s);
    print_message("%d kills: %d before the worker came up, %d while it worked, %d after its end\n", rounds,
                  c.before, c.during, c.after);
    print_message("%lld rows whose log returned, %lld found, integrity ok; %d done, %d crashed, %d lost\n",
                  (long long)c.returned, (long long)c.kept, c.done, c.crashed, c.lost);
    assert_true(c.during > rounds / 10);
}

static int setup(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/assay-killed-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(database, sizeof database, "%s/a.db", folder);
    snprintf(script, sizeof script, "%s/x.lua", folder);
    snprintf(shared, sizeof shared, "%s/shared", folder);
    FILE *f = fopen(script, "w");
    return f && fclose(f) == 0 && setenv("ASSAY_WORKER", "/proc/self/exe", 1) == 0 &&
                   setenv(SHARED, shared, 1) == 0
               ? 0
               : -1;
}

static int teardown(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "plan") == 0)
        return plan(argv[2]);
    if (argc > 2 && strcmp(argv[1], "run") == 0)
        return work(argv[2]);
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup_teardown(kills, setup, teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
