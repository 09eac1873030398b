/* How a run ended. `done` and `failed` are written by the worker itself; everything else is decided here. */
#include "supervisor/session.h"

#include "results/query.h"
#include "supervisor/process.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* The number after `key` in a file of lines "key value"; -1 if there is none. */
static long counter(const char *path, const char *key)
{
    FILE *f = fopen(path, "re");
    if (!f)
        return -1;
    char line[256], name[64];
    long value, found = -1;
    while (found < 0 && fgets(line, sizeof line, f))
        if (sscanf(line, "%63s %ld", name, &value) == 2 && strcmp(name, key) == 0)
            found = value;
    fclose(f);
    return found;
}

long end_oom_kills(void)
{
    FILE *f = fopen("/proc/self/cgroup", "re");
    char line[PATH_MAX];
    long found = -1;
    while (f && found < 0 && fgets(line, sizeof line, f)) {
        line[strcspn(line, "\n")] = 0;
        char path[PATH_MAX + 64], *controllers = strchr(line, ':'), *folder;
        if (!controllers || !(folder = strchr(controllers + 1, ':')))
            continue;
        *folder++ = 0;
        if (controllers[1] == 0) { /* version 2: one line with no controllers */
            snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.events", folder);
            found = counter(path, "oom_kill");
        } else if (strcmp(controllers + 1, "memory") == 0) {
            snprintf(path, sizeof path, "/sys/fs/cgroup/memory%s/memory.oom_control", folder);
            found = counter(path, "oom_kill");
        }
    }
    if (f)
        fclose(f);
    return found >= 0 ? found : counter("/proc/vmstat", "oom_kill");
}

/* A text from the worker's memory: it crashed, so nothing in there is trusted. */
static void copy_printable(char *out, size_t size, const char *from, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n && from[i] && at + 1 < size; i++)
        out[at++] = isprint((unsigned char)from[i]) ? from[i] : '?';
    out[at] = 0;
}

/* What is known about the place of a crash. */
typedef struct {
    char plugin[sizeof((breadcrumb_frame *)0)->plugin], call[sizeof((breadcrumb_frame *)0)->call];
    int64_t step;
    bool has_step;
    char where[256]; /* " in losses/poly1 forward, step 120, arm poly1, seed 3" */
} place;

static void find_place(const worker *w, place *p)
{
    *p = (place){.step = atomic_load(&w->crumb->step)};
    p->has_step = p->step > 0 || atomic_load(&w->crumb->total) > 0;
    const breadcrumb_frame *frame = breadcrumb_top(w->crumb);
    if (frame) {
        copy_printable(p->plugin, sizeof p->plugin, frame->plugin, sizeof frame->plugin);
        copy_printable(p->call, sizeof p->call, frame->call, sizeof frame->call);
    }
    char step[40] = "", seed[40] = ", pool";
    if (p->has_step)
        snprintf(step, sizeof step, ", step %" PRId64, p->step);
    if (w->item->seed)
        snprintf(seed, sizeof seed, ", seed %.0f", w->item->seed->valuedouble);
    snprintf(p->where, sizeof p->where, "%s%s %s%s, arm %.100s%s", *p->plugin ? " in " : "", p->plugin,
             p->call, step, cJSON_GetObjectItemCaseSensitive(w->item->arm, "name")->valuestring, seed);
    if (!*p->plugin) /* "%s %s" of nothing leaves a space before the comma */
        memmove(p->where, p->where + 1, strlen(p->where));
}

/* " at address 0x10" where the handler saw a fault that has one. */
static const char *fault_address(const worker *w, int signal, char *out, size_t size)
{
    bool has_one = signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL;
    uintptr_t address = atomic_load(&w->crumb->address);
    *out = 0;
    if (has_one && atomic_load(&w->crumb->signal) == signal)
        snprintf(out, size, address ? " at address 0x%" PRIxPTR : " at address %" PRIuPTR, address);
    return out;
}

/* The end of a run whose worker has not written one. `text` receives the line for the row and the report. */
static store_end_info decide(const session *s, const worker *w, int status, const place *p, char *text,
                             size_t size)
{
    store_end_info end = {.status = "crashed", .error = text, .has_step = p->has_step, .step = p->step};
    if (*p->plugin) {
        end.plugin = p->plugin;
        end.call = p->call;
    }
    if (w->told_to_stop) {
        end.status = "interrupted";
        end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        snprintf(text, size, "%s%s%s",
                 s->abandoned ? "stopped, since the database could not be written" : "stopped by the user",
                 *p->where == ',' ? "" : ",", p->where);
        return end;
    }
    if (w->timed_out) {
        end.status = "timeout";
        end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        snprintf(text, size, "stopped after its time limit of %g s%s%s", s->time_limit,
                 *p->where == ',' ? "" : ",", p->where);
        return end;
    }
    if (!WIFSIGNALED(status)) {
        snprintf(text, size, "exited with code %d without finishing%s%s%s", WEXITSTATUS(status), p->where,
                 *w->err.telling ? "; its last words: " : "", w->err.telling);
        return end;
    }
    char name[32], address[40];
    end.signal = WTERMSIG(status);
    if (end.signal == SIGKILL && w->oom_kills >= 0 && end_oom_kills() > w->oom_kills) {
        end.status = "out_of_memory";
        snprintf(text, size, "killed by the kernel, which was out of memory%s", p->where);
        return end;
    }
    snprintf(text, size, "%s%s%s", process_signal_name(end.signal, name, sizeof name),
             fault_address(w, end.signal, address, sizeof address), p->where);
    return end;
}

/* One row of what the store knows of a run, for the lines said about it. -> owned, NULL if it cannot be read
 */
static cJSON *run_facts(session *s, int64_t run)
{
    char sql[512], *text = NULL;
    size_t size;
    snprintf(sql, sizeof sql,
             "SELECT seconds, headline, error,"
             " (SELECT count(*) FROM metric WHERE run_id = runs.id) AS kept,"
             " (SELECT max(step) FROM metric WHERE run_id = runs.id) AS last_step"
             " FROM runs WHERE id = %" PRId64,
             run);
    FILE *f = open_memstream(&text, &size);
    if (!f)
        return NULL;
    as_error ignored = {0};
    bool ok = query_run(s->store, sql, QUERY_JSON, f, &ignored);
    ok = fclose(f) == 0 && ok;
    cJSON *rows = ok ? cJSON_Parse(text) : NULL;
    free(text);
    cJSON *row = cJSON_DetachItemFromArray(rows, 0);
    cJSON_Delete(rows);
    return row;
}

static double fact(const cJSON *facts, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(facts, name);
    return cJSON_IsNumber(value) ? value->valuedouble : NAN;
}

static void say_done(session *s, const item *it, const cJSON *facts)
{
    char word[32], headline[192] = "";
    double value = fact(facts, "headline");
    if (s->plan.headline && !isnan(value))
        snprintf(headline, sizeof headline, ", %.150s %.4g", s->plan.headline, value);
    progress_say(&s->progress, "[%d/%d] %s: %s in %.1f s%s (run %" PRId64 ")", it->place, s->n_items,
                 it->label, progress_good(&s->progress, "done", word, sizeof word), fact(facts, "seconds"),
                 headline, it->run);
}

static void say_trouble(session *s, const item *it, const char *status, const cJSON *facts)
{
    char word[32], last[48] = "", others[64] = "";
    const char *error = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(facts, "error"));
    progress_say(&s->progress, "run %" PRId64 " %s: %s", it->run,
                 progress_bad(&s->progress, status, word, sizeof word),
                 error ? error : "no reason was given");
    double last_step = fact(facts, "last_step");
    if (!isnan(last_step))
        snprintf(last, sizeof last, ", last step %.0f", last_step);
    int left = 0;
    bool begins = !disk_is_full(s) && !begins_no_more(s);
    for (int i = 0; i < s->n_items; i++)
        left += s->items[i].state == ITEM_RUNNING || (begins && s->items[i].state == ITEM_WAITING);
    if (left > 0 && s->stop_at == 0)
        snprintf(others, sizeof others, left == 1 ? "; the other run goes on" : "; the other %d runs go on",
                 left);
    double kept = fact(facts, "kept");
    progress_say(&s->progress, "  kept %.0f metric rows%s%s; all it printed: %s/%s", isnan(kept) ? 0 : kept,
                 last, others, store_artifacts(s->store), it->uuid);
}

static bool keep_output(session *s, worker *w, as_error *e)
{
    static const char *const names[] = {"stdout", "stderr"};
    for (int i = 0; i < 2; i++) {
        char path[STORE_UUID + 16];
        snprintf(path, sizeof path, "%s/%s.txt", w->item->uuid, names[i]);
        if (!store_artifact(s->store, w->item->run, w->item->attempt, names[i], "log", path, e))
            return false;
    }
    return true;
}

bool end_run(session *s, worker *w, int status, as_error *e)
{
    item *it = w->item;
    const char *state = "running";
    bool ok = store_run_status(s->store, it->run, &state, e);
    place p;
    find_place(w, &p);
    if (ok && (strcmp(state, "running") == 0 || strcmp(state, "lost") == 0)) {
        char text[1024];
        store_end_info end = decide(s, w, status, &p, text, sizeof text);
        state = end.status;
        ok = store_finish(s->store, it->run, &end, e);
    } else if (ok && WIFSIGNALED(status) && !w->told_to_stop && !w->timed_out) {
        char name[32];
        process_signal_name(WTERMSIG(status), name, sizeof name);
        progress_say(&s->progress, "run %" PRId64 " had ended when its worker was killed by %s%s", it->run,
                     name, p.where);
        char text[384];
        snprintf(text, sizeof text, "after its end the worker was killed by %s%s", name, p.where);
        ok = store_event(s->store, it->run, it->attempt, -1, "crash", text, e);
    }
    as_error unkept = {0};
    if (ok && !keep_output(s, w, &unkept))
        progress_say(&s->progress, "run %" PRId64 ": what it printed is not on record: %s", it->run,
                     unkept.text);
    it->state = ok && strcmp(state, "done") == 0 ? ITEM_DONE : ITEM_TROUBLED;
    if (it->state == ITEM_DONE) {
        s->seconds_of_done += session_now() - w->started;
        s->n_timed++;
    }
    s->failures += it->state == ITEM_TROUBLED && !w->told_to_stop;
    if (ok) {
        cJSON *facts = run_facts(s, it->run);
        if (it->state == ITEM_DONE)
            say_done(s, it, facts);
        else
            say_trouble(s, it, state, facts);
        cJSON_Delete(facts);
    }
    munmap(w->crumb, sizeof *w->crumb);
    *w = (worker){0};
    return ok;
}
