/* Making one run again from what the database keeps of it. */
#include "supervisor/session.h"

#include "supervisor/process.h"
#include "supervisor/restore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The declaration as a plan of one run; the JSON moves into the plan. */
static bool as_plan(store_declaration *d, const restored *r, plan *p, const cJSON **arm, const cJSON **seed,
                    as_error *e)
{
    cJSON *json = cJSON_CreateObject(), *one = cJSON_AddObjectToObject(json, "arm");
    bool ok = one && cJSON_AddStringToObject(one, "name", d->arm) &&
              cJSON_AddItemToObject(one, "config", d->config);
    if (ok)
        d->config = NULL;
    ok = ok && cJSON_AddItemToObject(json, "params", d->params);
    if (ok)
        d->params = NULL;
    *p = (plan){.json = json,
                .name = d->experiment_name,
                .headline = d->headline,
                .params = cJSON_GetObjectItemCaseSensitive(json, "params")};
    strcpy(p->script, r->script);
    *arm = one;
    *seed = d->has_seed ? cJSON_AddNumberToObject(json, "seed", (double)d->seed) : NULL;
    return (ok && (*seed || !d->has_seed)) || error_set(e, "out of memory");
}

static bool repeat(session *s, store_declaration *d, as_error *e)
{
    restored r = {0};
    const cJSON *arm, *seed;
    char *before = getcwd(NULL, 0);
    bool ok = before || error_set(e, "cannot find the current folder: %s", strerror(errno));
    ok = ok && restore_sources(s->store, d->run, &r, e) && as_plan(d, &r, &s->plan, &arm, &seed, e);
    if (ok && chdir(r.here) != 0)
        ok = error_set(e, "cannot work in %s: %s", r.here, strerror(errno));
    if (ok) {
        s->time_limit = s->options->time_limit;
        s->memory_limit = s->options->memory_limit;
        s->experiment = d->experiment;
        session_add_item(s, arm, seed);
        s->items[0].members = d->members;
        s->items[0].n_members = d->n_members;
        snprintf(s->items[0].identity, sizeof s->items[0].identity, "%s", d->identity);
        s->outcome->planned = 1;
        ok = watch_all(s, e);
        if (chdir(before) != 0 && ok)
            ok = error_set(e, "cannot go back to %s: %s", before, strerror(errno));
    }
    restore_remove(&r);
    free(before);
    return ok;
}

bool supervisor_repeat(const supervisor_options *options, int64_t run, supervisor_outcome *out, as_error *e)
{
    *out = (supervisor_outcome){0};
    supervisor_options o = *options;
    path_text database;
    store_declaration d = {0};
    o.jobs = 1;
    o.again = true;
    if (!realpath(options->db, database))
        return error_set(e, "%s: %s; name another file with --db FILE or ASSAY_DB", options->db,
                         strerror(errno));
    o.db = database;
    session s = {.options = &o, .outcome = out};
    progress_open(&s.progress, options->talk);
    s.items = calloc(1, sizeof *s.items);
    s.workers = calloc(1, sizeof *s.workers);
    bool ok = (s.items && s.workers) || error_set(e, "out of memory");
    ok = ok && path_of_worker(s.program, e) && session_open_store(&s, e) &&
         store_declared(s.store, run, &d, e);
    s.threads = session_cores();
    ok = ok && repeat(&s, &d, e);
    if (s.n_items > 0)
        session_summarise(&s);
    if (s.store && ok)
        ok = store_sync(s.store, e);
    store_close(s.store);
    plan_free(&s.plan);
    store_free_declaration(&d);
    free(s.items);
    free(s.workers);
    return ok;
}

/* The run's job with the restored script in it. */
static bool write_job(store *s, int64_t run, const restored *r, path_text file, as_error *e)
{
    char *path = NULL, *text = NULL;
    size_t size = 0;
    if (!path_join(file, r->folder, "job.json", e) || !store_artifact_path(s, run, "job", &path, e))
        return false;
    FILE *f = fopen(path, "re");
    ssize_t n = f ? getdelim(&text, &size, 0, f) : -1;
    cJSON *job = n > 0 ? cJSON_Parse(text) : NULL;
    bool ok = job || error_set(e, "cannot read %s", path);
    if (f)
        fclose(f);
    free(text);
    free(path);
    ok = ok && cJSON_ReplaceItemInObjectCaseSensitive(job, "script", cJSON_CreateString(r->script));
    char *out = ok ? cJSON_Print(job) : NULL;
    f = out ? fopen(file, "we") : NULL;
    ok = f && fputs(out, f) >= 0;
    if (f)
        ok = fclose(f) == 0 && ok;
    cJSON_free(out);
    cJSON_Delete(job);
    return ok || error_set(e, "cannot write %s: %s", file, strerror(errno));
}

int supervisor_debug(const char *db, int64_t run, as_error *e)
{
    path_text program, job;
    restored r = {0};
    int code = -1;
    store *s = store_open(db, STORE_READ, e);
    bool ok =
        s && path_of_worker(program, e) && restore_sources(s, run, &r, e) && write_job(s, run, &r, job, e);
    store_close(s);
    char *before = getcwd(NULL, 0);
    if (ok && before && chdir(r.here) == 0) {
        const char *argv[] = {"gdb", "-q", "--args", program, "run", job, NULL};
        code = process_run(argv, e);
        if (chdir(before) != 0)
            code = -1;
    }
    free(before);
    restore_remove(&r);
    return code;
}
