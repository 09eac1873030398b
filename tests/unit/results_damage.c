/* A disk that is full, a WAL torn off in the middle, a file cut short: one clear line, and what was committed
 * before is there. */
#include "results_fixture.h"

#include "results/query.h"

#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/statvfs.h>

/* Logs until it fails or `steps` are there. -> steps whose log returned */
static int64_t log_steps(store *s, int64_t run, int64_t steps, as_error *e)
{
    int64_t step = 0;
    while (step < steps &&
           store_log(s, run, 1, step + 1, (store_value[]){{"loss", (double)step}, {"norm", 1}}, 2, e))
        step++;
    return step;
}

/* ---- the disk is full ---- */

enum { FULL = 10, NOT_CLEAR = 11, LOST_ROWS = 12, NOT_OPEN = 13, NO_END = 14 };

/* In a child: fills the room there is. `where` says what stops it. */
static int fill(const char *where)
{
    as_error e = {0};
    store *s = store_open(database, STORE_WRITE, &e);
    if (!s)
        return NOT_OPEN;
    int64_t run = make_run(s, "a", 1);
    int64_t kept = log_steps(s, run, INT64_MAX, &e);
    printf("%s: %lld rows, then: %s\n", where, (long long)(2 * kept), e.text);
    fflush(stdout);
    if (!strstr(e.text, database) || strchr(e.text, '\n') ||
        !(strstr(e.text, "full") || strstr(e.text, "disk I/O error")))
        return NOT_CLEAR;
    as_error again = {0}; /* reading still works, also in a new connection */
    store *other = store_open(database, STORE_READ, &again);
    if (!other)
        return NOT_OPEN;
    bool all = strtoll(ask(other, "SELECT count(*) FROM metric"), NULL, 10) == 2 * kept &&
               strcmp(ask(other, "PRAGMA integrity_check"), "ok") == 0;
    store_close(other);
    if (s->full && /* there was room kept for this */
        !store_finish(s, run, &(store_end_info){.status = "failed", .error = e.text}, &again))
        return NO_END;
    store_close(s);
    return all && kept > 100 ? FULL : LOST_ROWS;
}

static int end_of(pid_t pid)
{
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

/* A file system of 2 MB in a mount namespace of the child's own. */
static int fill_tmpfs(void)
{
    uid_t user = getuid();
    if (unshare(CLONE_NEWNS | (user ? CLONE_NEWUSER : 0)) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("tmpfs", folder, "tmpfs", 0, "size=2m") != 0)
        return 0;
    return fill("tmpfs of 2 MB");
}

/* No file of the child may grow beyond 1 MB: writing fails as on a full disk, with another number. */
static int fill_limit(void)
{
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20});
    return fill("files of at most 1 MB");
}

static void full_disk(void **state)
{
    (void)state;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(fill_tmpfs());
    int code = end_of(pid);
    if (code == 0)
        print_message("a small file system cannot be mounted here: only the limit on files is tried\n");
    else
        assert_int_equal(code, FULL);
    pid = fork();
    if (pid == 0)
        _exit(fill_limit());
    assert_int_equal(end_of(pid), FULL);
    store *s = open_store(STORE_WRITE); /* once there is room, it goes on */
    log_one(s, make_run(s, "a", 2), 1, "loss", 1);
    store_close(s);
}

/* ---- damaged files ---- */

/* A database whose rows are in the WAL alone: its writer died. -> steps in it */
static int64_t make_wal(void)
{
    store *s = open_store(STORE_WRITE);
    int64_t run = make_run(s, "a", 1);
    store_close(s); /* the last to close empties the WAL */
    pid_t pid = fork();
    if (pid == 0) {
        as_error e = {0};
        s = store_open(database, STORE_WRITE, &e);
        _exit(s && log_steps(s, run, 120, &e) == 120 ? 0 : 1);
    }
    assert_int_equal(end_of(pid), 0);
    return 120;
}

static void torn_wal(void **state)
{
    (void)state;
    char wal[128], copy[128], command[1024];
    int64_t steps = make_wal(), before = -1;
    snprintf(wal, sizeof wal, "%s-wal", database);
    snprintf(copy, sizeof copy, "%s/kept", folder);
    snprintf(command, sizeof command, "mkdir %s && cp %s %s %s", copy, database, wal, copy);
    assert_int_equal(system(command), 0);
    struct stat about;
    assert_int_equal(stat(wal, &about), 0);
    assert_true(about.st_size > 100000);
    int tried = 0;
    for (off_t size = 0; size <= about.st_size; size += about.st_size / 40 - 7, tried++) {
        snprintf(command, sizeof command, "rm -f %s-shm && cp %s/assay.db %s/assay.db-wal %s/results/",
                 database, copy, copy, folder);
        assert_int_equal(system(command), 0);
        assert_int_equal(truncate(wal, size), 0);
        store *s = open_store(STORE_WRITE);
        int64_t kept = strtoll(ask(s, "SELECT count(DISTINCT step) FROM metric"), NULL, 10);
        assert_true(kept >= before && kept <= steps); /* a longer rest holds as much or more */
        assert_int_equal(strtoll(ask(s, "SELECT count(*) FROM metric"), NULL, 10),
                         2 * kept); /* no half step */
        assert_int_equal(strtoll(ask(s, "SELECT ifnull(max(step), 0) FROM metric"), NULL, 10), kept);
        assert_string_equal(ask(s, "PRAGMA integrity_check"), "ok");
        before = kept;
        store_close(s);
    }
    print_message("a WAL of %lld bytes torn at %d places: always whole steps up to there\n",
                  (long long)about.st_size, tried);
}

static void truncated_file(void **state)
{
    (void)state;
    struct stat about;
    store *s = open_store(STORE_WRITE);
    log_steps(s, make_run(s, "a", 1), 3000, &no_error);
    store_close(s);
    assert_int_equal(stat(database, &about), 0);
    for (int eighths = 7; eighths >= 1; eighths--) {
        as_error e = {0};
        FILE *out = fopen("/dev/null", "w");
        assert_int_equal(truncate(database, about.st_size * eighths / 8), 0);
        s = store_open(database, STORE_READ, &e);
        bool ok = s && query_run(s, "SELECT sum(value), count(*) FROM metric", QUERY_CSV, out, &e);
        fclose(out);
        store_close(s);
        if (ok || !strstr(e.text, database) || !strstr(e.text, "malformed") || strchr(e.text, '\n'))
            fail_msg("cut to %d/8: %s", eighths, ok ? "was read" : e.text);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(full_disk), TEST(torn_wal), TEST(truncated_file)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
