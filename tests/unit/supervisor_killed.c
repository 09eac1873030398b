/* kill -9 of the worker, the supervisor and both, in every phase of a run: every row and every file whose
 * recording returned is there, the database is whole, and the next open finds every run's status. This
 * program is also the planner and the worker: it says in shared memory which phase it is in and what has
 * returned, and the test strikes a random moment after a phase has begun. ASSAY_TEST_KILLS: how often, 60;
 * prints where the strikes fell. */
#include "results/internal.h"
#include "results/upkeep.h"
#include "supervisor/supervisor.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 10 /* of: log, checkpoint, log, artifact */
#define LOGS 20
#define STEPS (2 * ROUNDS * LOGS)
#define SHARED "ASSAY_TEST_SHARED"

enum { PLANNING, MAKING, OPENING, LOGGING, CHECKPOINT, ARTIFACT, FINISHING, ENDED, PHASES };

static const struct {
    const char *name;
    int visits; /* how often a run comes through */
    int us;     /* strike at most so long after the phase has begun */
} phases[PHASES] = {
    [PLANNING] = {"planning", 1, 1800},
    [MAKING] = {"making the run", 1, 4000},
    [OPENING] = {"opening", 1, 400},
    [LOGGING] = {"logging", 2 * ROUNDS, 1000},
    [CHECKPOINT] = {"checkpoint", ROUNDS, 200},
    [ARTIFACT] = {"artifact", ROUNDS, 60},
    [FINISHING] = {"finishing", 1, 30},
    [ENDED] = {"after the end", 1, 3000},
};

/* What planner and worker have told so far. */
typedef struct {
    _Atomic int planner, worker; /* process numbers */
    _Atomic int phase, visits[PHASES];
    _Atomic int64_t returned; /* the last step whose log returned */
    _Atomic int artifacts;    /* whose recording returned */
    _Atomic bool finished;    /* store_finish returned */
} told;

static void enter(told *t, int phase)
{
    atomic_store(&t->phase, phase);
    atomic_fetch_add(&t->visits[phase], 1);
}

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
    told *t = share(getenv(SHARED));
    atomic_store(&t->planner, (int)getpid());
    enter(t, PLANNING);
    usleep(2000);
    printf("{\"name\":\"killed\",\"script\":\"%s\",\"source\":\"x\",\"params\":{},\"arms\":[{\"name\":\"a\","
           "\"config\":{}}],\"seeds\":[1],\"claims\":[],\"pool\":false,\"sources\":[],\"plugins\":[]}\n",
           script);
    fflush(stdout);
    enter(t, MAKING);
    return 0;
}

typedef struct {
    told *t;
    store *s;
    int64_t run, step;
    char folder[256], uuid[64];
} job;

/* As run:checkpoint does: whole under a name of its own, then the row, then the one before goes. */
static bool write_file(job *j, int number, const char *name, const char *kind, as_error *e)
{
    char path[512], fresh[520], bytes[1 << 15];
    memset(bytes, number, sizeof bytes);
    snprintf(path, sizeof path, "%s/%s-%d", j->folder, kind, number);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    FILE *f = fopen(fresh, "w");
    bool ok = f && fwrite(bytes, sizeof bytes, 1, f) == 1;
    ok = f && fclose(f) == 0 && ok && rename(fresh, path) == 0;
    if (!ok)
        return error_set(e, "%s: %s", path, strerror(errno));
    snprintf(path, sizeof path, "%s/%s-%d", j->uuid, kind, number);
    return store_artifact(j->s, j->run, 1, name, kind, path, e);
}

static bool log_some(job *j, as_error *e)
{
    enter(j->t, LOGGING);
    for (int i = 0; i < LOGS; i++) {
        store_value values[] = {{"loss", 0.5}, {"norm", (double)++j->step}};
        if (!store_log(j->s, j->run, 1, j->step, values, 2, e))
            return false;
        atomic_store(&j->t->returned, j->step);
    }
    return true;
}

static bool keep_checkpoint(job *j, int number, as_error *e)
{
    char old[512];
    enter(j->t, CHECKPOINT);
    if (!write_file(j, number, "checkpoint", "model", e) ||
        !store_event(j->s, j->run, 1, j->step, "checkpoint", "kept", e))
        return false;
    snprintf(old, sizeof old, "%s/model-%d", j->folder, number - 1);
    unlink(old);
    return true;
}

static bool keep_artifact(job *j, int number, as_error *e)
{
    char name[32];
    enter(j->t, ARTIFACT);
    snprintf(name, sizeof name, "data-%d", number);
    if (!write_file(j, number, name, "data", e))
        return false;
    atomic_store(&j->t->artifacts, number);
    return true;
}

static bool train(job *j, as_error *e)
{
    for (int round = 1; round <= ROUNDS; round++)
        if (!log_some(j, e) || !keep_checkpoint(j, round, e) || !log_some(j, e) ||
            !keep_artifact(j, round, e))
            return false;
    enter(j->t, FINISHING);
    if (!store_finish(j->s, j->run, &(store_end_info){.status = "done"}, e))
        return false;
    atomic_store(&j->t->finished, true);
    enter(j->t, ENDED);
    return true;
}

static int work(const char *path)
{
    char text[8192] = "";
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    cJSON *json = n ? cJSON_Parse(text) : NULL;
    if (!json)
        return 96;
    job j = {.t = share(getenv(SHARED)),
             .run = (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(json, "run"))};
    atomic_store(&j.t->worker, (int)getpid());
    enter(j.t, OPENING);
    snprintf(j.uuid, sizeof j.uuid, "%s", cJSON_GetStringValue(cJSON_GetObjectItem(json, "uuid")));
    snprintf(j.folder, sizeof j.folder, "%.180s/%s",
             cJSON_GetStringValue(cJSON_GetObjectItem(json, "artifacts")), j.uuid);
    as_error e = {0};
    j.s = store_open(cJSON_GetStringValue(cJSON_GetObjectItem(json, "db")), STORE_WRITE, &e);
    bool ok = j.s && train(&j, &e);
    if (!ok)
        fprintf(stderr, "%s\n", e.text);
    store_close(j.s);
    cJSON_Delete(json);
    return ok ? 0 : 97;
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
    int64_t returned, kept; /* rows whose log returned, and rows found */
    int artifacts;          /* files found whole */
    int fell[VICTIMS][PHASES];
    int lost, crashed, done;
} counts;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Until a phase has been entered so often, and then some. */
static void await(const told *t, int phase, pid_t supervisor)
{
    int visits = 1 + rand() % phases[phase].visits;
    double late = now() + 5;
    while (atomic_load(&t->visits[phase]) < visits && now() < late &&
           waitid(P_PID, (id_t)supervisor, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           (atomic_load(&t->phase) != ENDED || phase == ENDED))
        sched_yield();
    double until = now() + 1e-6 * (rand() % phases[phase].us);
    while (now() < until)
        sched_yield();
}

/* -> the victim: before there is a worker or planner to kill, the supervisor */
static int strike(int victim, pid_t supervisor, const told *t, counts *c)
{
    int phase = atomic_load(&t->phase), pid = atomic_load(&t->worker);
    if (!pid && phase == PLANNING)
        pid = atomic_load(&t->planner);
    if (!pid)
        victim = SUPERVISOR;
    if (victim != WORKER)
        kill(supervisor, SIGKILL);
    if (victim != SUPERVISOR)
        kill(pid, SIGKILL);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) /* the orphan too: we are its reaper */
        continue;
    c->fell[victim][phase]++;
    return victim;
}

/* Every file on record is there as it was recorded, and no recording that returned is missing. */
static void examine_files(store *s, int64_t run, const told *t, counts *c)
{
    as_error e = {0};
    char sql[256], *path;
    static const char model[] = "SELECT count(*) FROM artifact WHERE run_id = ?1 AND kind = 'data'";
    assert_in_range(number(s, model, run), t->artifacts, t->artifacts + 1);
    for (int i = 0;; i++) {
        snprintf(sql, sizeof sql, "SELECT name FROM artifact WHERE run_id = ?1 ORDER BY id LIMIT 1 OFFSET %d",
                 i);
        sqlite3_stmt *q = sql_prepare(s, "test", sql, BINDINGS(bind_int(run)), &e);
        char name[64] = "";
        if (sqlite3_step(q) == SQLITE_ROW)
            snprintf(name, sizeof name, "%s", (const char *)sqlite3_column_text(q, 0));
        sqlite3_finalize(q);
        if (!*name)
            return;
        if (!store_intact_artifact(s, run, name, &path, &e))
            fail_msg("%s", e.text);
        if (!path)
            fail_msg("run %lld: the file of artifact %s is not as recorded", (long long)run, name);
        free(path);
        c->artifacts++;
    }
}

/* `before`: the last run there was before this one, if this one got that far. */
static void examine(int victim, int64_t before, const told *t, counts *c)
{
    as_error e = {0};
    store *s = store_open(database, STORE_WRITE, &e);
    if (!s)
        fail_msg("%s", e.text);
    assert_int_equal(number(s, "SELECT count(*) FROM run WHERE status = 'running' AND ?1 IS NOT NULL", 0), 0);
    int64_t run = number(s, "SELECT max(id) FROM run WHERE id > ?1", before);
    assert_true(run > 0 || t->worker == 0);
    if (run > 0) {
        int64_t steps = number(s, "SELECT count(DISTINCT step) FROM metric WHERE run_id = ?1", run);
        assert_int_equal(number(s, "SELECT count(*) FROM metric WHERE run_id = ?1", run), 2 * steps);
        assert_int_equal(number(s, "SELECT ifnull(max(step), 0) FROM metric WHERE run_id = ?1", run), steps);
        assert_in_range(steps, t->returned, t->returned + 1); /* it may have died before saying so */
        c->returned += 2 * t->returned;
        c->kept += 2 * steps;
        examine_files(s, run, t, c);
        const char *status;
        assert_true(store_run_status(s, run, &status, &e));
        bool done = strcmp(status, "done") == 0, lost = strcmp(status, "lost") == 0;
        bool crashed = strcmp(status, "crashed") == 0;
        c->done += done, c->lost += lost, c->crashed += crashed;
        if (t->finished)
            assert_true(done);
        else if (atomic_load(&t->phase) != FINISHING)
            assert_true(victim == WORKER ? crashed : lost);
        assert_true(done || lost || crashed);
    }
    store_close(s);
}

static void report(int rounds, const counts *c)
{
    static const char *const names[VICTIMS] = {"worker", "supervisor", "both"};
    print_message("%d kills         ", rounds);
    for (int p = 0; p < PHASES; p++)
        print_message("%16s", phases[p].name);
    for (int v = 0; v < VICTIMS; v++) {
        print_message("\n  %-15s", names[v]);
        for (int p = 0; p < PHASES; p++)
            print_message("%16d", c->fell[v][p]);
    }
    print_message("\n%lld rows whose log returned, %lld found; %d files on record, all whole; integrity ok; "
                  "%d runs done, %d crashed, %d lost\n",
                  (long long)c->returned, (long long)c->kept, c->artifacts, c->done, c->crashed, c->lost);
}

static void kills(void **state)
{
    (void)state;
    const char *wish = getenv("ASSAY_TEST_KILLS");
    int rounds = wish ? atoi(wish) : 60;
    counts c = {0};
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    told *t = share(shared);
    srand(1);
    for (int i = 0; i < rounds; i++) {
        as_error e = {0};
        store *s = store_open(database, STORE_WRITE, &e);
        int64_t before = number(s, "SELECT ifnull(max(id), 0) FROM run WHERE ?1 IS NOT NULL", 0);
        store_close(s);
        memset((void *)t, 0, sizeof *t);
        pid_t supervisor = fork();
        if (supervisor == 0)
            _exit(supervise());
        await(t, i / VICTIMS % PHASES, supervisor);
        examine(strike(i % VICTIMS, supervisor, t, &c), before, t, &c);
    }
    as_error e = {0};
    store *s = store_open(database, STORE_WRITE, &e);
    assert_non_null(s);
    assert_int_equal(
        number(s, "SELECT ?1 = 0 AND (SELECT integrity_check FROM pragma_integrity_check) = 'ok'", 0), 1);
    store_close(s);
    report(rounds, &c);
    int early = 0, files = 0;
    for (int p = 0; p < PHASES; p++) {
        int fell = c.fell[WORKER][p] + c.fell[SUPERVISOR][p] + c.fell[BOTH][p];
        early += p < ENDED ? fell : 0;
        files += p == CHECKPOINT || p == ARTIFACT ? fell : 0;
        assert_true(p != LOGGING || fell > 0);
    }
    assert_true(files > 0);
    assert_true(early >= rounds / 2);
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
