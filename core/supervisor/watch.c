/* The loop around the workers: starts them, takes what they print, notices their end and the user's wish to
 * stop. */
#include "supervisor/session.h"

#include "results/upkeep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const double GRACE_SECONDS = 2, SYNC_SECONDS = 1;

double session_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static int running(const session *s)
{
    int n = 0;
    for (int i = 0; i < s->options->jobs; i++)
        n += s->workers[i].item != NULL;
    return n;
}

typedef enum { READY, NOT_YET, NEVER } readiness;

/* A pool run waits for all runs of its arm, and is not made unless all of them are done. */
static readiness pool_ready(const session *s, const item *pool)
{
    readiness r = READY;
    for (int i = 0; i < s->n_items; i++) {
        const item *it = &s->items[i];
        if (!it->seed || it->arm != pool->arm || it->state == ITEM_DONE)
            continue;
        if (it->state == ITEM_TROUBLED)
            return NEVER;
        r = NOT_YET;
    }
    return r;
}

static bool identify(session *s, item *it, as_error *e)
{
    cJSON *identities = NULL;
    if (it->identity[0]) /* of a run that is repeated */
        return true;
    if (!it->seed) {
        identities = cJSON_CreateArray();
        for (int i = 0; i < s->n_items; i++)
            if (s->items[i].seed && s->items[i].arm == it->arm)
                cJSON_AddItemToArray(identities, cJSON_CreateString(s->items[i].identity));
    }
    bool ok = plan_identity(&s->plan, it->seed ? "run" : "pool", it->arm, it->seed, identities, it->identity);
    cJSON_Delete(identities);
    return ok || error_set(e, "out of memory");
}

static worker *free_worker(session *s)
{
    for (int i = 0; i < s->options->jobs; i++)
        if (!s->workers[i].item)
            return &s->workers[i];
    return NULL;
}

/* Starts it, or finds it done already. */
static bool begin(session *s, item *it, as_error *e)
{
    int64_t *members = NULL, equal = 0;
    store_change change = {0};
    size_t n_members = 0;
    bool ok = it->seed || worker_members(s, it, &members, &n_members, e);
    ok = ok && identify(s, it, e);
    if (ok && !s->options->again)
        ok = store_find_equal(s->store, it->identity, &equal, &change, e);
    if (ok && !equal && !s->options->again)
        ok = store_find_resumable(s->store, it->identity, &it->run, it->uuid, e);
    if (ok && equal) {
        it->run = equal;
        it->state = ITEM_DONE;
        s->outcome->skipped++;
        progress_say(&s->progress, "[%d/%d] %s: already done as run %lld (--again repeats it)", it->place,
                     s->n_items, it->label, (long long)equal);
    } else if (ok) {
        if (change.run)
            progress_say(&s->progress, "[%d/%d] %s: not as run %lld, since %s", it->place, s->n_items,
                         it->label, (long long)change.run, change.text);
        ok = worker_start(s, free_worker(s), it, members, n_members, e);
    }
    free(members);
    return ok;
}

static bool start_waiting(session *s, as_error *e)
{
    for (int i = 0; i < s->n_items && s->stop_at == 0 && free_worker(s); i++) {
        item *it = &s->items[i];
        if (it->state != ITEM_WAITING)
            continue;
        readiness r = it->seed ? READY : pool_ready(s, it);
        if (r == NEVER) {
            it->state = ITEM_TROUBLED;
            progress_say(&s->progress, "[%d/%d] %s: not made, since not all runs of the arm are done",
                         it->place, s->n_items, it->label);
        } else if (r == READY && !begin(s, it, e)) {
            return false;
        }
    }
    return true;
}

static void signal_worker(const worker *w, int number)
{
    kill(-w->pid, number); /* the group: what the worker started as well */
}

/* Asks all workers to stop; asked again, makes them. */
static void stop(session *s, bool at_once)
{
    for (int i = 0; i < s->options->jobs; i++) {
        worker *w = &s->workers[i];
        if (!w->item || w->killed || (w->told_to_stop && !at_once))
            continue;
        w->told_to_stop = true;
        w->killed = at_once;
        signal_worker(w, at_once ? SIGKILL : SIGTERM);
    }
}

/* A run whose time is up is asked to stop, and made to when it does not. */
static void stop_late(session *s, double now)
{
    for (int i = 0; i < s->options->jobs; i++) {
        worker *w = &s->workers[i];
        if (!w->item || w->told_to_stop || w->killed || w->stop_at == 0 || now < w->stop_at)
            continue;
        w->killed = w->timed_out;
        w->timed_out = true;
        w->stop_at = now + GRACE_SECONDS;
        signal_worker(w, w->killed ? SIGKILL : SIGTERM);
    }
}

static bool reap(session *s, as_error *e)
{
    for (int i = 0; i < s->options->jobs; i++) {
        worker *w = &s->workers[i];
        int status;
        if (w->item && waitpid(w->pid, &status, WNOHANG) == w->pid && !end_run(s, w, status, e))
            return false;
    }
    return true;
}

static void take_signals(session *s, int signals)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            continue; /* it woke us; reap looks at every worker */
        bool again = s->outcome->interrupted;
        s->outcome->interrupted = true;
        if (!again) {
            progress_say(&s->progress, "stopping; once more kills at once");
            s->stop_at = session_now() + GRACE_SECONDS;
        }
        stop(s, again);
    }
}

static void take_outputs(session *s)
{
    for (int i = 0; i < s->options->jobs; i++) {
        if (!s->workers[i].item)
            continue;
        output_read(&s->workers[i].out, &s->progress);
        output_read(&s->workers[i].err, &s->progress);
    }
}

static void show_progress(session *s)
{
    char line[512] = "";
    double now = session_now();
    for (int i = 0; i < s->options->jobs && s->progress.terminal; i++) {
        worker *w = &s->workers[i];
        if (!w->item)
            continue;
        int64_t step = atomic_load(&w->crumb->step), total = atomic_load(&w->crumb->total);
        progress_measure(&w->rate, step, now);
        size_t at = strlen(line);
        if (at > 0)
            at += (size_t)snprintf(line + at, sizeof line - at, "  |  ");
        if (at < sizeof line)
            progress_text(line + at, sizeof line - at, w->item->label, w->item->place, s->n_items, step,
                          total, &w->rate);
    }
    if (*line)
        progress_live(&s->progress, line);
}

/* Waits until a worker prints or ends, a signal comes, or it is time to look at the clocks again. */
static void wait_a_moment(session *s, int signals)
{
    enum { LIVE_MS = 100, PLAIN_MS = 500 };
    struct pollfd fds[1 + 2 * SUPERVISOR_JOBS_MAX];
    nfds_t n = 0;
    fds[n++] = (struct pollfd){.fd = signals, .events = POLLIN};
    for (int i = 0; i < s->options->jobs; i++) {
        if (!s->workers[i].item)
            continue;
        fds[n++] = (struct pollfd){.fd = s->workers[i].out.fd, .events = POLLIN}; /* -1 is passed over */
        fds[n++] = (struct pollfd){.fd = s->workers[i].err.fd, .events = POLLIN};
    }
    poll(fds, n, s->progress.terminal || s->stop_at > 0 || s->time_limit > 0 ? LIVE_MS : PLAIN_MS);
}

static bool loop(session *s, int signals, as_error *e)
{
    double synced = session_now();
    for (;;) {
        if (!start_waiting(s, e))
            return false;
        if (running(s) == 0)
            return true;
        wait_a_moment(s, signals);
        take_outputs(s);
        take_signals(s, signals);
        if (!reap(s, e))
            return false;
        double now = session_now();
        if (now - synced >= SYNC_SECONDS) {
            if (!store_sync(s->store, e))
                return false;
            synced = now;
        }
        if (s->stop_at > 0 && now >= s->stop_at)
            stop(s, true);
        stop_late(s, now);
        show_progress(s);
    }
}

/* After the database failed: nothing can be written any more, so nothing may go on. */
static void abandon(session *s)
{
    stop(s, true);
    for (int i = 0; i < s->options->jobs; i++) {
        worker *w = &s->workers[i];
        as_error ignored = {0};
        int status;
        if (w->item && waitpid(w->pid, &status, 0) == w->pid)
            end_run(s, w, status, &ignored);
    }
}

bool watch_all(session *s, as_error *e)
{
    sigset_t ours, before;
    sigemptyset(&ours);
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        sigaddset(&ours, numbers[i]);
    sigprocmask(SIG_BLOCK, &ours, &before);
    /* `assay run x.lua 2>&1 | head` must not end us while workers run */
    struct sigaction pipe_before;
    sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, &pipe_before);
    int signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    bool ok = signals >= 0 ? loop(s, signals, e) : error_set(e, "cannot watch signals: %s", strerror(errno));
    if (!ok)
        abandon(s);
    progress_clear(&s->progress);
    if (signals >= 0)
        close(signals);
    sigaction(SIGPIPE, &pipe_before, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}
