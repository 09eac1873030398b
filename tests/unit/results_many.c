/* Many writers of one file: eight processes for a while, and threads with a store each (what tsan looks at).
 * ASSAY_TEST_SECONDS: how long the processes log, 10. Prints how many rows, and what a log of 8 values cost.
 */
#include "results_fixture.h"

#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

#define WRITERS 8
#define TIMES 100000 /* the last so many logs of a writer are timed */

typedef struct {
    int64_t logs;
    float us[TIMES];
} written;

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

/* -> whether no log failed */
static bool log_until(int64_t run, double end, int64_t most, written *w)
{
    static const char *const names[8] = {"loss",      "accuracy",      "lr",        "grad_norm",
                                         "test/loss", "test/accuracy", "test/top5", "noise"};
    as_error e = {0};
    store *s = store_open(database, STORE_WRITE, &e);
    store_value values[8];
    for (double start; s && w->logs < most && (start = now_us()) < end; w->logs++) {
        for (int i = 0; i < 8; i++)
            values[i] = (store_value){names[i], (double)w->logs};
        if (!store_log(s, run, 1, w->logs, values, 8, &e))
            break;
        w->us[w->logs % TIMES] = (float)(now_us() - start);
        if (end < 1e300) /* a training loop does something else most of the time */
            usleep(500);
    }
    store_close(s);
    if (e.text[0])
        fprintf(stderr, "%s\n", e.text);
    return !e.text[0];
}

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void report(const written *w, double seconds)
{
    static float all[WRITERS * TIMES];
    size_t n = 0;
    int64_t logs = 0;
    for (int i = 0; i < WRITERS; i++) {
        size_t m = w[i].logs < TIMES ? (size_t)w[i].logs : TIMES;
        memcpy(all + n, w[i].us, m * sizeof *all);
        n += m;
        logs += w[i].logs;
    }
    qsort(all, n, sizeof *all, ascending);
    print_message("%d writers, %.0f s: %lld logs, %lld rows, all there; log of 8 values: median %.0f us, "
                  "p99 %.0f us, most %.0f us\n",
                  WRITERS, seconds, (long long)logs, 8LL * (long long)logs, all[n / 2], all[n * 99 / 100],
                  all[n - 1]);
}

static void processes(void **state)
{
    (void)state;
    const char *wish = getenv("ASSAY_TEST_SECONDS");
    double seconds = wish ? atof(wish) : 10;
    written *w = mmap(NULL, WRITERS * sizeof *w, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(w, MAP_FAILED);
    int64_t run[WRITERS];
    store *s = open_store(STORE_WRITE);
    for (int i = 0; i < WRITERS; i++)
        run[i] = make_run(s, "a", i + 1);
    store_close(s);
    pid_t child[WRITERS];
    double end = now_us() + 1e6 * seconds;
    for (int i = 0; i < WRITERS; i++)
        if ((child[i] = fork()) == 0)
            _exit(log_until(run[i], end, INT64_MAX, &w[i]) ? 0 : 1);
    int bad = 0;
    for (int i = 0; i < WRITERS; i++) {
        int status = 0;
        waitpid(child[i], &status, 0);
        bad += status != 0;
    }
    assert_int_equal(bad, 0);
    s = open_store(STORE_WRITE);
    for (int i = 0; i < WRITERS; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT count(*) FROM metric WHERE run_id = %lld", (long long)run[i]);
        assert_int_equal(strtoll(ask(s, sql), NULL, 10), 8 * w[i].logs);
    }
    assert_string_equal(ask(s, "PRAGMA integrity_check"), "ok");
    store_close(s);
    report(w, seconds);
    munmap(w, WRITERS * sizeof *w);
}

typedef struct {
    int64_t run;
    bool ok;
    written *w;
} thread_task;

static void *log_in_thread(void *task_)
{
    thread_task *task = task_;
    task->ok = log_until(task->run, 2e300, 300, task->w);
    return NULL;
}

static void threads(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    pthread_t thread[THREADS];
    thread_task task[THREADS];
    store *s = open_store(STORE_WRITE);
    for (int i = 0; i < THREADS; i++)
        task[i] = (thread_task){.run = make_run(s, "a", i + 1), .w = calloc(1, sizeof(written))};
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, log_in_thread, &task[i]), 0);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        assert_true(task[i].ok);
        assert_int_equal(task[i].w->logs, 300);
        free(task[i].w);
    }
    assert_string_equal(ask(s, "SELECT count(*) FROM metric"), "9600");
    store_close(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(threads), TEST(processes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
