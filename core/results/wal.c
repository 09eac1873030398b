/* One file, many processes: waiting for SQLite's locks, emptying the WAL, syncing it. */
#include "results/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define BUSY_SECONDS 10.0
#define BUSY_YIELDS 30 /* about a commit of another worker */
#define BUSY_LEAST_NS 20000L
#define BUSY_MOST_NS 2000000L

#define WAL_PAGES 8192 /* 32 MB */
#define RESTART_SECONDS 0.02

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The kernel makes a sleep 50 us longer unless asked not to: more than most commits take. */
static void sleep_exactly(long ns)
{
    int slack = prctl(PR_GET_TIMERSLACK);
    prctl(PR_SET_TIMERSLACK, 1);
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
    prctl(PR_SET_TIMERSLACK, slack);
}

/* Called by SQLite while another process writes. Its own handler sleeps milliseconds from the first wait on,
 * where our commits take tens of microseconds. */
static int wait_for_lock(void *s_, int count)
{
    store *s = s_;
    double now = seconds_now();
    if (count == 0)
        s->busy_since = now;
    else if (now - s->busy_since > s->patience)
        return 0;
    if (count < BUSY_YIELDS) {
        sched_yield();
        return 1;
    }
    int slower = (count - BUSY_YIELDS) / 8;
    long ns = BUSY_LEAST_NS << (slower < 7 ? slower : 7);
    ns += (long)(now * 1e9) % BUSY_LEAST_NS; /* so that two waiters do not stay in step */
    sleep_exactly(ns < BUSY_MOST_NS ? ns : BUSY_MOST_NS);
    return 1;
}

void wal_wait(store *s)
{
    s->patience = BUSY_SECONDS;
    sqlite3_busy_handler(s->db, wait_for_lock, s);
}

bool sql_begin_with(store *s, sqlite3_stmt *begin, as_error *e)
{
    if (!s->turn_tried) {
        s->turn_tried = true;
        s->turn = turn_open(s->path);
        reserve_take(s);
    }
    bool mine = turn_take(s->turn, TURN_TO_WRITE), ok;
    if (begin) {
        ok = sqlite3_step(begin) == SQLITE_DONE || store_fail(s, e, "cannot begin to write");
        sqlite3_reset(begin);
    } else {
        ok = sql_do(s, "cannot begin to write", "BEGIN IMMEDIATE", NULL, 0, e);
    }
    if (mine)
        turn_give(s->turn, TURN_TO_WRITE);
    return ok;
}

/* Copies the WAL into the file beside the writers, then stops them for the last few pages and begins it anew.
 * A reader that takes its time is not waited for. -> whether it was begun anew */
static bool empty_wal(store *s)
{
    if (sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK)
        return false;
    bool mine = turn_take(s->turn, TURN_TO_WRITE);
    s->patience = RESTART_SECONDS;
    int code = sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_RESTART, NULL, NULL);
    s->patience = BUSY_SECONDS;
    if (mine)
        turn_give(s->turn, TURN_TO_WRITE);
    return code == SQLITE_OK;
}

/* SQLite by itself would copy what is in a WAL of more than 1000 pages at every commit, and begin it anew
 * when a writer finds all of it copied. Where several write all the time nobody ever does: the WAL grows by
 * 200 MB a second, and every single commit syncs two files. No failure in here undoes the commit. */
static int after_commit(void *s_, sqlite3 *db, const char *schema, int pages)
{
    store *s = s_;
    (void)db, (void)schema;
    if (pages < WAL_PAGES)
        s->wal_next = WAL_PAGES;
    if (pages < s->wal_next || !turn_try(s->turn, TURN_TO_CHECKPOINT))
        return SQLITE_OK;
    s->wal_next = empty_wal(s) ? WAL_PAGES : pages + WAL_PAGES / 4;
    turn_give(s->turn, TURN_TO_CHECKPOINT);
    return SQLITE_OK;
}

/* Turning on the WAL wants the file alone for a moment, and SQLite does not call the busy handler for that.
 */
bool wal_use(store *s, as_error *e)
{
    double start = seconds_now();
    int code;
    while ((code = sqlite3_exec(s->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL)) == SQLITE_BUSY &&
           seconds_now() - start < BUSY_SECONDS)
        sleep_exactly(BUSY_MOST_NS);
    if (code != SQLITE_OK)
        return store_fail(s, e, "cannot be opened for writing");
    s->wal_next = WAL_PAGES;
    sqlite3_wal_hook(s->db, after_commit, s);
    return true;
}

bool store_sync(store *s, as_error *e)
{
    char *name = sqlite3_mprintf("%s-wal", s->path);
    int wal = name ? open(name, O_RDWR | O_CLOEXEC)
                   : -1; /* SQLite's locks are on the other files: closing is safe */
    bool ok = wal >= 0 ? fdatasync(wal) == 0 : errno == ENOENT;
    if (!ok)
        error_set(e, "%s: cannot be synced to the disk: %s", name ? name : s->path, strerror(errno));
    if (wal >= 0)
        close(wal);
    sqlite3_free(name);
    return ok;
}
