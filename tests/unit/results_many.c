/* Many writers of one file: eight processes for a while, with a pause between logs and without one, and
 * threads with a store each (what tsan looks at). ASSAY_TEST_SECONDS: how long the processes log, 5 each.
 * Prints how many rows, what a log of 8 values cost, and how long the WAL became. */
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
static bool log_until(int64_t run, double end, int64_t most, useconds_t pause, written *w)
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
        if (pause)
            usleep(pause);
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

static void report(const written *w, double seconds, useconds_t pause, off_t wal)
{
    static float all[WRITERS * TIMES];
    size_t n = 0;
    int64_t logs = 0, least = INT64_MAX;
    for (int i = 0; i < WRITERS; i++) {
        size_t m = w[i].logs < TIMES ? (size_t)w[i].logs : TIMES;
        memcpy(all + n, w[i].us, m * sizeof *all);
        n += m;
        logs += w[i].logs;
        least = w[i].logs < least ? w[i].logs : least;
    }
    qsort(all, n, sizeof *all, ascending);
    print_message(
        "%d writers, pause %u us, %.0f s: %lld logs (no writer below %lld), %lld rows, all there; log "
        "of 8 values: median %.0f us, p99 %.0f us, most %.0f us; WAL up to %.0f MB\n",
        WRITERS, (unsigned)pause, seconds, (long long)logs, (long long)least, 8LL * (long long)logs,
        all[n / 2], all[n * 99 / 100], all[n - 1], 1e-6 * (double)wal);
    assert_true(least > logs / WRITERS / 2); /* each has its share */
}

/* -> the longest the WAL was until then */
static off_t watch_wal(double end)
{
    char wal[128];
    struct stat about;
    off_t most = 0;
    snprintf(wal, sizeof wal, "%s-wal", database);
    for (; now_us() < end; usleep(20000))
        if (stat(wal, &about) == 0 && about.st_size > most)
            most = about.st_size;
    return most;
}

static void log_by_processes(double seconds, useconds_t pause)
{
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
            _exit(log_until(run[i], end, INT64_MAX, pause, &w[i]) ? 0 : 1);
    off_t wal = watch_wal(end);
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
    report(w, seconds, pause, wal);
    assert_true(wal < 500e6); /* it is emptied at 32 MB; a slow disk lets it grow on meanwhile */
    munmap(w, WRITERS * sizeof *w);
}

static void processes(void **state)
{
    (void)state;
    const char *wish = getenv("ASSAY_TEST_SECONDS");
    double seconds = wish ? atof(wish) : 5;
    log_by_processes(seconds, 500); /* a training loop does something else most of the time */
    log_by_processes(seconds, 0);
}

typedef struct {
    int64_t run;
    bool ok;
    written *w;
} thread_task;

static void *log_in_thread(void *task_)
{
    thread_task *task = task_;
    task->ok = log_until(task->run, 2e300, 300, 0, task->w);
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
