#include "supervisor/session.h"

#include "supervisor/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool worker_members(const session *s, const item *pool, int64_t **members, size_t *n, as_error *e)
{
    *n = 0;
    *members = calloc((size_t)s->n_items + pool->n_members, sizeof **members);
    if (!*members)
        return error_set(e, "out of memory");
    if (pool->members) {
        memcpy(*members, pool->members, pool->n_members * sizeof **members);
        *n = pool->n_members;
        return true;
    }
    for (int i = 0; i < s->n_items; i++)
        if (s->items[i].seed && s->items[i].arm == pool->arm)
            (*members)[(*n)++] = s->items[i].run;
    return true;
}

/* A row of its own, or one attempt more of the run it goes on with; `taken` if another process was faster. */
static bool make_row(session *s, item *it, const int64_t *members, size_t n_members, bool *taken, as_error *e)
{
    store_run_info info = {
        .experiment = s->experiment,
        .stage = it->seed ? "run" : "pool",
        .arm = cJSON_GetObjectItemCaseSensitive(it->arm, "name")->valuestring,
        .has_seed = it->seed != NULL,
        .seed = it->seed ? (int64_t)it->seed->valuedouble : 0,
        .identity = it->identity,
        .params = it->params,
        .config = cJSON_GetObjectItemCaseSensitive(it->arm, "config"),
        .threads = s->threads,
        .alone = !s->options->again,
        .seen = it->seen,
        .members = members,
        .n_members = n_members,
    };
    it->attempt = 1;
    bool ok = it->run ? store_begin_attempt(s->store, it->run, &it->attempt, e)
                      : store_create_run(s->store, &info, &it->run, it->uuid, e);
    *taken = ok && (it->run == 0 || it->attempt == 0);
    return ok && (*taken || job_write(s, it, members, n_members, e));
}

static bool start_process(session *s, worker *w, as_error *e)
{
    path_text folder, job, out, err;
    bool ok = path_join(folder, s->artifacts, w->item->uuid, e) && path_join(job, folder, "job.json", e) &&
              path_join(out, folder, "stdout.txt", e) && path_join(err, folder, "stderr.txt", e);
    int to_out = -1, to_err = -1, crumb = -1;
    ok = ok && output_open(&w->out, out, w->item->prefix, &to_out, e) &&
         output_open(&w->err, err, w->item->prefix, &to_err, e) &&
         (crumb = breadcrumb_share(&w->crumb, e)) >= 0;
    const char *argv[] = {s->program, "run", job, NULL};
    ok = ok &&
         process_start(
             &(process_spec){.argv = argv, .out = to_out, .err = to_err, .breadcrumb = crumb, .apart = true},
             &w->pid, e);
    if (to_out >= 0)
        close(to_out);
    if (to_err >= 0)
        close(to_err);
    if (crumb >= 0)
        close(crumb);
    return ok;
}

static void give_up(session *s, worker *w)
{
    output_close(&w->out, &s->progress);
    output_close(&w->err, &s->progress);
    if (w->crumb)
        munmap(w->crumb, sizeof *w->crumb);
    *w = (worker){0};
}

bool worker_start(session *s, worker *w, item *it, const int64_t *members, size_t n_members, as_error *e)
{
    bool taken;
    if (!make_row(s, it, members, n_members, &taken, e)) {
        as_error ignored = {0}; /* the first reason is the one that counts */
        if (it->run)
            store_finish(s->store, it->run, &(store_end_info){.status = "crashed", .error = e->text},
                         &ignored);
        it->state = ITEM_TROUBLED;
        return false;
    }
    if (taken) {
        it->run = 0;
        return true;
    }
    *w = (worker){.item = it, .started = session_now(), .oom_kills = end_oom_kills()};
    w->stop_at = s->time_limit > 0 ? w->started + s->time_limit : 0;
    w->out.fd = w->out.file = w->err.fd = w->err.file = -1;
    as_error why = {0};
    if (!start_process(s, w, &why)) {
        give_up(s, w);
        it->state = ITEM_TROUBLED;
        progress_say(&s->progress, "run %lld crashed: %s", (long long)it->run, why.text);
        return store_finish(s->store, it->run, &(store_end_info){.status = "crashed", .error = why.text}, e);
    }
    it->state = ITEM_RUNNING;
    if (!s->progress.terminal)
        progress_say(&s->progress, "[%d/%d] %s: %s run %lld", it->place, s->n_items, it->label,
                     it->attempt > 1 ? "going on with" : "started as", (long long)it->run);
    return store_run_process(s->store, it->run, w->pid, e);
}
