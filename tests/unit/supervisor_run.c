/* The supervisor against a worker that speaks its protocol and misbehaves on request: this program is both.
 * The "script" is a text with the words the fake planner understands; an arm's name is what its worker does.
 */
#include "base/breadcrumb.h"
#include "results/query.h"
#include "results/store.h"
#include "supervisor/supervisor.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- the fake worker ---- */

static char *read_text(const char *path)
{
    FILE *f = fopen(path, "r");
    char *text = calloc(1, 1 << 21);
    if (!f || !text)
        _exit(90);
    size_t n = fread(text, 1, (1 << 21) - 1, f);
    text[n] = 0;
    fclose(f);
    return text;
}

/* Script: "arms a b\nseeds 2\npool\n"; or "garbage", "error", "misuse", "silent", "crash" in the first line.
 */
static int fake_plan(int argc, char **argv)
{
    char *text = read_text(argv[2]), *rest = text, *line;
    cJSON *plan = cJSON_CreateObject(), *params = cJSON_AddObjectToObject(plan, "params");
    cJSON *arms = cJSON_AddArrayToObject(plan, "arms"), *seeds = cJSON_AddArrayToObject(plan, "seeds");
    cJSON_AddStringToObject(plan, "name", "fake");
    cJSON_AddStringToObject(plan, "headline", "test/accuracy");
    cJSON_AddStringToObject(plan, "script", argv[2]);
    cJSON_AddStringToObject(plan, "source", text);
    cJSON_AddArrayToObject(plan, "plugins");
    cJSON_AddNumberToObject(params, "lr", argc > 4 ? atof(strchr(argv[4], '=') + 1) : 0.5);
    cJSON_AddBoolToObject(plan, "pool", strstr(text, "pool") != NULL);
    int code = -1;
    while (code < 0 && (line = strsep(&rest, "\n"))) {
        char *word = strsep(&line, " ");
        if (strcmp(word, "garbage") == 0)
            code = printf("{\"name\": fake\n") > 0 ? 0 : 90;
        else if (strcmp(word, "error") == 0)
            code = fprintf(stderr, "fake.lua:3: attempt to index a nil value\n") > 0 ? 1 : 90;
        else if (strcmp(word, "misuse") == 0)
            code = fprintf(stderr, "--set: no parameter \"lrr\"; did you mean \"lr\"?\n") > 0 ? 2 : 90;
        else if (strcmp(word, "silent") == 0)
            code = 0;
        else if (strcmp(word, "crash") == 0)
            raise(SIGKILL);
        else if (strcmp(word, "arms") == 0)
            while ((word = strsep(&line, " "))) {
                cJSON *arm = cJSON_CreateObject();
                cJSON_AddStringToObject(arm, "name", word);
                cJSON_AddStringToObject(cJSON_AddObjectToObject(arm, "config"), "plugin", "losses/poly1");
                cJSON_AddItemToArray(arms, arm);
            }
        else if (strcmp(word, "seeds") == 0)
            for (int i = 1; i <= atoi(line); i++)
                cJSON_AddItemToArray(seeds, cJSON_CreateNumber(i));
    }
    if (code < 0) {
        char *json = cJSON_PrintUnformatted(plan);
        printf("a script may print\n%s\n", json);
        cJSON_free(json);
        code = 0;
    }
    cJSON_Delete(plan);
    free(text);
    return code;
}

static void crash_in_plugin(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    breadcrumb *b = breadcrumb_here();
    breadcrumb_catch();
    breadcrumb_push(b, "losses/poly1", "forward");
    atomic_store(&b->step, 120);
    raise(SIGSEGV); /* si_addr is not an address here, so the test only asks for the rest */
}

__attribute__((no_sanitize("undefined"))) static void write_to(volatile int *p)
{
    *p = 1;
}

/* Returns when two workers are there at once, or gives up after ten seconds. */
static bool meet(const char *db)
{
    char mine[4200], pattern[4200];
    snprintf(mine, sizeof mine, "%s.here.%d", db, (int)getpid());
    fclose(fopen(mine, "w"));
    for (int i = 0; i < 1000; i++) {
        snprintf(pattern, sizeof pattern, "test $(ls %s.here.* | wc -l) -eq 2", db);
        if (system(pattern) == 0)
            return true;
        usleep(10000);
    }
    return false;
}

static int act(store *s, int64_t run, const char *arm, const char *db)
{
    as_error e = {0};
    if (strcmp(arm, "done") == 0 || strcmp(arm, "late") == 0 || (strcmp(arm, "meet") == 0 && meet(db))) {
        printf("hello\nno end of line");
        fflush(stdout);
        if (!store_finish(s, run, &(store_end_info){.status = "done"}, &e))
            return 91;
        if (strcmp(arm, "late") == 0)
            raise(SIGKILL);
        return 0;
    }
    if (strcmp(arm, "fail") == 0) {
        store_finish(s, run, &(store_end_info){.status = "failed", .error = "fake.lua:7: boom"}, &e);
        return 1;
    }
    if (strcmp(arm, "crash") == 0)
        crash_in_plugin();
    if (strcmp(arm, "kill") == 0)
        raise(SIGKILL);
    if (strcmp(arm, "null") == 0) {
        setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
        breadcrumb_catch();
        write_to((volatile int *)(uintptr_t)strlen(""));
    }
    if (strcmp(arm, "stubborn") == 0)
        signal(SIGTERM, SIG_IGN);
    while (strcmp(arm, "hang") == 0 || strcmp(arm, "stubborn") == 0)
        pause();
    if (strcmp(arm, "chatty") == 0) {
        for (int i = 0; i < 40000; i++)
            printf("line %d of many\n", i);
        store_finish(s, run, &(store_end_info){.status = "done"}, &e);
        return 0;
    }
    if (strcmp(arm, "sanitized") == 0)
        fprintf(stderr, "SUMMARY: AddressSanitizer: heap-use-after-free poly1.c:12\n==1==ABORTING\n");
    else
        fprintf(stderr, "my last words\n");
    return 3;
}

static int fake_run(const char *path)
{
    char *text = read_text(path);
    cJSON *job = cJSON_Parse(text);
    const char *db = cJSON_GetStringValue(cJSON_GetObjectItem(job, "db"));
    const char *arm = cJSON_GetStringValue(cJSON_GetObjectItem(job, "arm"));
    int64_t run = (int64_t)cJSON_GetNumberValue(cJSON_GetObjectItem(job, "run"));
    const char *blas = getenv("OPENBLAS_NUM_THREADS"), *fd = getenv(BREADCRUMB_FD_ENV);
    if (!blas || strcmp(blas, "1") != 0 || !fd || strcmp(fd, "3") != 0)
        return 92;
    as_error e = {0};
    store *s = store_open(db, STORE_WRITE, &e);
    double members = cJSON_GetArraySize(cJSON_GetObjectItem(job, "members"));
    for (int step = 0; s && step < 3; step++)
        store_log(s, run, 1, step, (store_value[]){{"test/accuracy", 0.25 * step}, {"members", members}}, 2,
                  &e);
    int code = s && !e.text[0] ? act(s, run, arm, db) : 93;
    store_close(s);
    cJSON_Delete(job);
    free(text);
    return code;
}

/* ---- the tests ---- */

typedef struct {
    char folder[64], script[80], db[80], talk[80];
    supervisor_outcome outcome;
    as_error e;
} world;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    *state = w;
    strcpy(w->folder, "/tmp/assay-supervisor-XXXXXX");
    if (!w || !mkdtemp(w->folder))
        return -1;
    snprintf(w->script, sizeof w->script, "%s/fake.lua", w->folder);
    snprintf(w->db, sizeof w->db, "%s/results/a.db", w->folder);
    snprintf(w->talk, sizeof w->talk, "%s/talk", w->folder);
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", w->folder);
    supervisor_outcome_free(&w->outcome);
    int code = system(command);
    free(w);
    return code;
}

static void write_script(const world *w, const char *text)
{
    FILE *f = fopen(w->script, "w");
    fputs(text, f);
    fclose(f);
}

static bool supervise(world *w, const char *text, supervisor_options o)
{
    write_script(w, text);
    supervisor_outcome_free(&w->outcome);
    w->e = (as_error){0};
    o.script = w->script;
    o.db = o.db ? o.db : w->db;
    o.jobs = o.jobs ? o.jobs : 1;
    o.talk = fopen(w->talk, "w");
    bool ok = supervisor_run(&o, &w->outcome, &w->e);
    fclose(o.talk);
    return ok;
}

/* The answer as CSV without its header line; the caller frees. */
static char *ask(const world *w, const char *sql)
{
    as_error e = {0};
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    store *s = store_open(w->db, STORE_READ, &e);
    bool ok = s && query_run(s, sql, QUERY_CSV, f, &e);
    store_close(s);
    fclose(f);
    if (!ok)
        fail_msg("%s", e.text);
    char *body = strchr(text, '\n');
    memmove(text, body + 1, strlen(body + 1) + 1);
    for (char *c = text; *c; c++) /* RFC 4180 ends lines with CR LF */
        if (*c == '\r')
            memmove(c, c + 1, strlen(c));
    return text;
}

static void expect(const world *w, const char *sql, const char *answer)
{
    char *got = ask(w, sql);
    assert_string_equal(got, answer);
    free(got);
}

static void expect_talk(const world *w, const char *piece)
{
    char *talk = read_text(w->talk);
    if (!strstr(talk, piece))
        fail_msg("\"%s\" is not in:\n%s", piece, talk);
    free(talk);
}

static void runs_everything_in_order(void **state)
{
    world *w = *state;
    assert_true(supervise(w, "arms done late\nseeds 2\npool\n", (supervisor_options){0}));
    assert_int_equal(w->outcome.planned, 6);
    assert_int_equal(w->outcome.done, 6);
    assert_int_equal(w->outcome.n_runs, 6);
    assert_int_equal(w->outcome.last, 6);
    assert_int_equal(w->outcome.troubled, 0);
    assert_string_equal(w->outcome.headline, "test/accuracy");
    expect(w, "SELECT id, arm, seed, stage, status, headline FROM runs ORDER BY id",
           "1,done,1,run,done,0.5\n2,late,1,run,done,0.5\n3,done,2,run,done,0.5\n4,late,2,run,done,0.5\n"
           "5,done,,pool,done,0.5\n6,late,,pool,done,0.5\n");
    expect(w, "SELECT run_id, value FROM last_metric WHERE name = 'members' AND run_id > 4 ORDER BY 1",
           "5,2.0\n6,2.0\n");
    expect(w, "SELECT run_id FROM run_member WHERE pool_id = 6 ORDER BY 1", "2\n4\n");
    expect(w, "SELECT text FROM event WHERE run_id = 2",
           "\"after its end the worker was killed by SIGKILL, arm late, seed 1\"\n");
    expect_talk(w, "a script may print\n");
    expect_talk(w, "[1/6] done seed 1: done in ");
    expect_talk(w, ", test/accuracy 0.5 (run 1)\n");
}

static void keeps_what_workers_print(void **state)
{
    world *w = *state;
    assert_true(supervise(w, "arms done chatty\nseeds 1\n", (supervisor_options){0}));
    assert_int_equal(w->outcome.done, 2);
    expect(w, "SELECT name, kind, size_bytes FROM artifact WHERE run_id = 1 AND name <> 'job' ORDER BY 1",
           "stderr,log,0\nstdout,log,20\n");
    /* "line %d of many\n" for 0 to 39999: 14 characters and 10 + 2*90 + 3*900 + 4*9000 + 5*30000 digits */
    expect(w, "SELECT size_bytes FROM artifact WHERE run_id = 2 AND name = 'stdout'", "748890\n");
    expect_talk(w, "[done/1] hello\n[done/1] no end of line\n");
    expect_talk(w, "[chatty/1] line 39999 of many\n");
    char *uuid = ask(w, "SELECT uuid FROM runs WHERE id = 1"), path[256];
    snprintf(path, sizeof path, "%s/results/artifacts/%.36s/job.json", w->folder, uuid);
    char *job = read_text(path);
    assert_non_null(strstr(job, "\"stage\":\t\"run\""));
    free(job);
    free(uuid);
}

static void skips_what_is_done(void **state)
{
    world *w = *state;
    const char *script = "arms done\nseeds 2\npool\n";
    assert_true(supervise(w, script, (supervisor_options){0}));
    assert_true(supervise(w, script, (supervisor_options){0}));
    assert_int_equal(w->outcome.done, 0);
    assert_int_equal(w->outcome.skipped, 3);
    assert_int_equal(w->outcome.last, 3);
    expect(w, "SELECT count(*) FROM runs", "3\n");
    expect_talk(w, "[2/3] done seed 2: already done as run 2 (--again repeats it)\n");
    const char *set[] = {"--set", "lr=0.25"};
    assert_true(supervise(w, script, (supervisor_options){.plan_args = set, .n_plan_args = 2}));
    assert_int_equal(w->outcome.done, 3);
    assert_true(supervise(w, script, (supervisor_options){.again = true}));
    assert_int_equal(w->outcome.done, 3);
    expect(w, "SELECT count(*), count(DISTINCT identity) FROM runs", "9,6\n");
}

static void goes_on_after_trouble(void **state)
{
    world *w = *state;
    assert_true(supervise(w, "arms fail crash exit kill done\nseeds 1\npool\n", (supervisor_options){0}));
    assert_int_equal(w->outcome.planned, 10);
    assert_int_equal(w->outcome.done, 2);
    assert_int_equal(w->outcome.troubled, 1);
    expect(w, "SELECT arm, stage, status FROM runs ORDER BY id",
           "fail,run,failed\ncrash,run,crashed\nexit,run,crashed\nkill,run,crashed\ndone,run,done\n"
           "done,pool,done\n");
    expect(w, "SELECT error FROM runs WHERE arm = 'fail'", "fake.lua:7: boom\n");
    expect(w, "SELECT error FROM runs WHERE arm = 'exit'",
           "\"exited with code 3 without finishing, arm exit, seed 1; its last words: my last words\"\n");
    expect(w, "SELECT error, signal FROM run WHERE arm = 'kill'", "\"SIGKILL, arm kill, seed 1\",9\n");
    expect(w,
           "SELECT error LIKE 'SIGSEGV at address % in losses/poly1 forward, step 120, arm crash, seed 1',"
           " signal, plugin, call, step FROM run WHERE arm = 'crash'",
           "1,11,losses/poly1,forward,120\n");
    expect_talk(w, "run 2 crashed: SIGSEGV at address ");
    expect_talk(w, "  kept 6 metric rows, last step 2; the other 8 runs go on; all it printed: ");
    expect_talk(w, "[9/10] kill pool: not made, since not all runs of the arm are done\n");
    expect_talk(w, "[exit/1] my last words\n");
}

static void quotes_a_sanitizers_summary(void **state)
{
    world *w = *state;
    assert_true(supervise(w, "arms sanitized\nseeds 1\n", (supervisor_options){0}));
    expect(w, "SELECT error FROM runs",
           "\"exited with code 3 without finishing, arm sanitized, seed 1; its last words: "
           "SUMMARY: AddressSanitizer: heap-use-after-free poly1.c:12\"\n");
}

static void names_the_address_of_a_fault(void **state)
{
    world *w = *state;
    assert_true(supervise(w, "arms null\nseeds 1\n", (supervisor_options){0}));
    expect(w, "SELECT error FROM runs", "\"SIGSEGV at address 0, arm null, seed 1\"\n");
}

static void runs_two_at_once(void **state)
{
    world *w = *state;
    assert_true(supervise(w, "arms meet\nseeds 2\n", (supervisor_options){.jobs = 2}));
    assert_int_equal(w->outcome.done, 2);
}

static void passes_planner_errors_on(void **state)
{
    static const struct {
        const char *script, *text;
        bool misuse;
    } cases[] = {
        {"error\n", "fake.lua:3: attempt to index a nil value", false},
        {"misuse\n", "--set: no parameter \"lrr\"; did you mean \"lr\"?", true},
        {"garbage\n", "the planner's answer is no JSON object: \"{\"name\": fake\"", false},
        {"silent\n", "the planner's answer is empty; are assay and assay-worker of one build?", false},
        {"crash\n", "the planner was killed by SIGKILL while reading it", false},
        {"arms\nseeds 1\n", "fake: nothing to run: 0 arms, 1 seeds", false},
    };
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_false(supervise(w, cases[i].script, (supervisor_options){0}));
        if (!strstr(w->e.text, cases[i].text))
            fail_msg("\"%s\" is not in \"%s\"", cases[i].text, w->e.text);
        assert_null(strchr(w->e.text, '\n'));
        assert_int_equal(w->outcome.misuse, cases[i].misuse);
        assert_int_not_equal(access(w->db, F_OK), 0); /* nothing was written */
    }
}

static void tells_what_it_cannot_use(void **state)
{
    world *w = *state;
    char bad[128];
    snprintf(bad, sizeof bad, "%s/a.db", w->script); /* below a file */
    assert_false(supervise(w, "arms done\nseeds 1\n", (supervisor_options){.db = bad}));
    assert_non_null(strstr(w->e.text, bad));
    char *own = strdup(getenv("ASSAY_WORKER"));
    setenv("ASSAY_WORKER", "/nonexistent", 1);
    assert_false(supervise(w, "arms done\nseeds 1\n", (supervisor_options){0}));
    assert_string_equal(w->e.text,
                        "ASSAY_WORKER is /nonexistent, which cannot be run: No such file or directory");
    setenv("ASSAY_WORKER", own, 1);
    free(own);
}

/* Runs `script` in a process of its own and sends it SIGINT when `n` runs are under way, and again if
 * `twice`. */
static double interrupt(world *w, const char *script, int n, bool twice)
{
    write_script(w, script);
    pid_t pid = fork();
    if (pid == 0) {
        bool ok = supervise(w, script, (supervisor_options){.jobs = n});
        _exit(ok && w->outcome.interrupted && w->outcome.done == 0 && w->outcome.n_runs == (size_t)n ? 0 : 1);
    }
    char logged[16];
    snprintf(logged, sizeof logged, "%d\n", 6 * n);
    for (int i = 0; i < 1000; i++) { /* until every worker has logged all it will */
        usleep(10000);
        if (access(w->db, F_OK) != 0)
            continue;
        as_error e = {0};
        store *s = store_open(w->db, STORE_READ, &e);
        const char *status;
        bool there = s && store_run_status(s, n, &status, &e);
        store_close(s);
        char *count = there ? ask(w, "SELECT count(*) FROM metric") : strdup("");
        bool ready = strcmp(count, logged) == 0;
        free(count);
        if (ready)
            break;
    }
    struct timespec from, to;
    clock_gettime(CLOCK_MONOTONIC, &from);
    usleep(100000); /* the stubborn one has ignored SIGTERM by then */
    kill(pid, SIGINT);
    if (twice) {
        usleep(100000);
        kill(pid, SIGINT);
    }
    int status;
    waitpid(pid, &status, 0);
    clock_gettime(CLOCK_MONOTONIC, &to);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    return (double)(to.tv_sec - from.tv_sec) + 1e-9 * (double)(to.tv_nsec - from.tv_nsec);
}

static void stops_at_ctrl_c(void **state)
{
    world *w = *state;
    assert_true(interrupt(w, "arms hang\nseeds 3\n", 2, false) < 1.9);
    expect(w, "SELECT status, error, signal FROM run ORDER BY id",
           "interrupted,\"stopped by the user, arm hang, seed 1\",15\n"
           "interrupted,\"stopped by the user, arm hang, seed 2\",15\n");
    expect_talk(w, "stopping; once more kills at once\n");
}

static void kills_what_does_not_stop(void **state)
{
    world *w = *state;
    double seconds = interrupt(w, "arms stubborn\nseeds 2\n", 1, false);
    assert_true(seconds >= 2 && seconds < 10);
    expect(w, "SELECT status, signal FROM run", "interrupted,9\n");
}

static void kills_at_the_second_ctrl_c(void **state)
{
    world *w = *state;
    assert_true(interrupt(w, "arms stubborn\nseeds 2\n", 1, true) < 1.9);
    expect(w, "SELECT status, signal FROM run", "interrupted,9\n");
}

int main(int argc, char **argv)
{
    if (argc > 2 && strcmp(argv[1], "plan") == 0)
        return fake_plan(argc, argv);
    if (argc > 2 && strcmp(argv[1], "run") == 0)
        return fake_run(argv[2]);
    char self[4096];
    if (!realpath("/proc/self/exe", self))
        return 1;
    setenv("ASSAY_WORKER", self, 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(runs_everything_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(keeps_what_workers_print, setup, teardown),
        cmocka_unit_test_setup_teardown(skips_what_is_done, setup, teardown),
        cmocka_unit_test_setup_teardown(goes_on_after_trouble, setup, teardown),
        cmocka_unit_test_setup_teardown(quotes_a_sanitizers_summary, setup, teardown),
        cmocka_unit_test_setup_teardown(names_the_address_of_a_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(runs_two_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(passes_planner_errors_on, setup, teardown),
        cmocka_unit_test_setup_teardown(tells_what_it_cannot_use, setup, teardown),
        cmocka_unit_test_setup_teardown(stops_at_ctrl_c, setup, teardown),
        cmocka_unit_test_setup_teardown(kills_what_does_not_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(kills_at_the_second_ctrl_c, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
