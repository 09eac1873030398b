/* The loop around the workers: starts them, takes what they print, notices their end and the user's wish to
 * stop. */
#include "supervisor/fate.h"
#include "supervisor/sweep.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const double GRACE_SECONDS = 2, SYNC_SECONDS = 1, LOOK_SECONDS = 0.5, PLAIN_SECONDS = 60;
enum { TOLD_ALONE = 20 };                 /* up to so many runs each has a line when it is passed over */
static const double LEAST_ROOM = 1 << 20; /* bytes on the disk, for a run to begin */

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

static worker *free_worker(session *s)
{
    for (int i = 0; i < s->options->jobs; i++)
        if (!s->workers[i].item)
            return &s->workers[i];
    return NULL;
}

/* A run that is there already: told by itself if there are few, else by say_rest. */
static bool skip(session *s, item *it, const fate *f, as_error *e)
{
    it->run = f->run;
    it->state = ITEM_DONE;
    s->outcome->skipped++;
    s->n_stale += f->why[0] != 0;
    if (s->n_items <= TOLD_ALONE)
        progress_say(&s->progress, "[%d/%d] %s: already done as run %lld%s%s (%s repeats it)", it->place,
                     s->n_items, it->label, (long long)f->run, *f->why ? ", by another build: " : "", f->why,
                     *f->why ? "--rebuild-stale" : "--again");
    return sweep_record_run(s, it, e);
}

static bool wait_for_other(session *s, item *it)
{
    if (!it->elsewhere)
        progress_say(&s->progress, "[%d/%d] %s: another assay is making it", it->place, s->n_items,
                     it->label);
    it->elsewhere = true;
    s->look_again = session_now() + LOOK_SECONDS;
    return true;
}

bool disk_is_full(session *s)
{
    struct statvfs disk;
    s->full = statvfs(s->database, &disk) == 0 && (double)disk.f_bavail * (double)disk.f_frsize < LEAST_ROOM;
    return s->full;
}

static bool make(session *s, item *it, const fate *f, as_error *e)
{
    int64_t *members = NULL;
    size_t n_members = 0;
    if (disk_is_full(s))
        return true;
    if (!it->seed && !worker_members(s, it, &members, &n_members, e))
        return false;
    if (*f->why && f->kind == FATE_NEW)
        progress_say(&s->progress, "[%d/%d] %s: %s", it->place, s->n_items, it->label, f->why);
    if (f->kind == FATE_RESUME) {
        it->run = f->run;
        snprintf(it->uuid, sizeof it->uuid, "%s", f->uuid);
    }
    bool ok = worker_start(s, free_worker(s), it, members, n_members, e);
    free(members);
    if (ok && it->state == ITEM_WAITING) /* another process was faster by a hair */
        return wait_for_other(s, it);
    return ok && sweep_record_run(s, it, e);
}

/* Starts it, or finds it done already, or under way elsewhere. */
static bool begin(session *s, item *it, as_error *e)
{
    fate f;
    if (!fate_of(s, it, &f, e))
        return false;
    if (f.kind == FATE_DONE)
        return skip(s, it, &f, e);
    if (f.kind == FATE_ELSEWHERE)
        return wait_for_other(s, it);
    return make(s, it, &f, e);
}

static bool may_start(const session *s, double now, const item *it)
{
    return it->state == ITEM_WAITING && (!it->elsewhere || now >= s->look_again);
}

static bool gave_up(const session *s)
{
    return s->options->max_failures > 0 && s->failures >= s->options->max_failures;
}

bool begins_no_more(const session *s)
{
    return s->stop_at > 0 || s->full || gave_up(s);
}

static bool start_waiting(session *s, as_error *e)
{
    double now = session_now();
    for (int i = 0; i < s->n_items && !begins_no_more(s) && free_worker(s); i++) {
        item *it = &s->items[i];
        if (!may_start(s, now, it))
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

/* Whether runs are left that another process makes. */
static bool waits_for_others(const session *s)
{
    for (int i = 0; i < s->n_items && !begins_no_more(s); i++)
        if (s->items[i].state == ITEM_WAITING && s->items[i].elsewhere)
            return true;
    return false;
}

/* What was passed over in silence, and what was not begun. */
static void say_rest(session *s)
{
    int left = 0;
    for (int i = 0; i < s->n_items; i++)
        left += s->items[i].state == ITEM_WAITING;
    if (s->outcome->skipped > 0 && s->n_items > TOLD_ALONE)
        progress_say(&s->progress, "%d of %d runs were done already (--again repeats them)",
                     s->outcome->skipped, s->n_items);
    if (s->n_stale > 0 && s->n_items > TOLD_ALONE)
        progress_say(&s->progress, "%d of these by another build of Assay (--rebuild-stale repeats them)",
                     s->n_stale);
    if (gave_up(s))
        progress_say(&s->progress,
                     "%d runs have failed: no more are begun (--max-failures %d); %d %s not made",
                     s->failures, s->options->max_failures, left, left == 1 ? "was" : "were");
    else if (s->full && left > 0)
        progress_say(&s->progress,
                     "the disk of %s is full: no more runs are begun; free some space, then the same command "
                     "makes the %d that %s left",
                     s->options->db, left, left == 1 ? "is" : "are");
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

/* No more comes from it. */
static void close_outputs(session *s, worker *w)
{
    output_close(&w->out, &s->progress);
    output_close(&w->err, &s->progress);
}

/* Whether the process has ended, and how, as waitpid tells, which is still to be asked. */
static bool has_ended(pid_t pid, int *status)
{
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != pid)
        return false;
    *status = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : info.si_status;
    return true;
}

/* A process stays as a zombie until its run's end is written, so that nobody takes the run for lost. */
static bool reap(session *s, as_error *e)
{
    for (int i = 0; i < s->options->jobs; i++) {
        worker *w = &s->workers[i], ended = *w;
        int status;
        if (!w->item || !has_ended(w->pid, &status))
            continue;
        bool well = WIFEXITED(status) && WEXITSTATUS(status) == 0; /* else it may be one failure too many */
        *w = (worker){0};
        close_outputs(s, &ended);
        bool ok = !well || start_waiting(s, e); /* the next one starts up while this one's end is written */
        as_error ignored = {0};
        pid_t pid = ended.pid;
        ok = end_run(s, &ended, status, ok ? e : &ignored) && ok;
        waitpid(pid, &status, 0);
        if (!ok)
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

static progress_pool pool_of(const session *s, double now)
{
    progress_pool p = {.jobs = s->options->jobs};
    if (s->n_timed > 0)
        p.seconds = s->seconds_of_done / s->n_timed;
    for (int i = 0; i < s->n_items; i++) {
        p.done += s->items[i].state == ITEM_DONE;
        p.failed += s->items[i].state == ITEM_TROUBLED;
        p.running += s->items[i].state == ITEM_RUNNING;
        p.waiting += s->items[i].state == ITEM_WAITING;
    }
    for (int i = 0; i < s->options->jobs; i++)
        if (s->workers[i].item)
            p.under_way += now - s->workers[i].started;
    return p;
}

/* On a terminal the live block; elsewhere a line on the whole pool every minute. */
static void show_progress(session *s, double now)
{
    char text[8192] = "";
    size_t at = 0;
    bool plain = !s->progress.terminal;
    if (plain && (s->n_items == 1 || now - s->shown_at < PLAIN_SECONDS))
        return;
    s->shown_at = now;
    progress_pool pool = pool_of(s, now);
    if (s->n_items > 1)
        at = (size_t)progress_pool_text(text, sizeof text, &pool);
    if (plain) {
        progress_say(&s->progress, "%s", text);
        return;
    }
    for (int i = 0; i < s->options->jobs; i++) {
        worker *w = &s->workers[i];
        if (!w->item || at + 2 >= sizeof text)
            continue;
        int64_t step = atomic_load(&w->crumb->step), total = atomic_load(&w->crumb->total);
        progress_measure(&w->rate, step, now);
        if (at > 0)
            text[at++] = '\n';
        at += (size_t)progress_text(text + at, sizeof text - at, w->item->label, w->item->place, s->n_items,
                                    step, total, &w->rate);
    }
    progress_live(&s->progress, text);
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
    s->shown_at = synced;
    for (;;) {
        if (!start_waiting(s, e))
            return false;
        if (running(s) == 0 && !waits_for_others(s))
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
        show_progress(s, now);
    }
}

/* After the database failed: nothing can be written any more, so nothing may go on. */
static void abandon(session *s)
{
    s->abandoned = true;
    stop(s, true);
    for (int i = 0; i < s->options->jobs; i++) {
        worker *w = &s->workers[i];
        as_error ignored = {0};
        int status;
        if (!w->item || waitpid(w->pid, &status, 0) != w->pid)
            continue;
        close_outputs(s, w);
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
    else
        say_rest(s);
    progress_clear(&s->progress);
    if (signals >= 0)
        close(signals);
    sigaction(SIGPIPE, &pipe_before, NULL);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return ok;
}
