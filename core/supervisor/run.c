#include "supervisor/supervisor.h"

#include "base/folder.h"
#include "supervisor/fate.h"
#include "supervisor/sweep.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Cores this process may use. */
int session_cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? n : 1;
}

item *session_add_item(session *s, const cJSON *arm, const cJSON *seed)
{
    item *it = &s->items[s->n_items++];
    const char *name = cJSON_GetObjectItemCaseSensitive(arm, "name")->valuestring;
    *it = (item){.arm = arm, .seed = seed, .params = s->plan.params, .place = s->n_items};
    if (seed) {
        snprintf(it->label, sizeof it->label, "%.80s seed %.0f", name, seed->valuedouble);
        snprintf(it->prefix, sizeof it->prefix, "[%.80s/%.0f] ", name, seed->valuedouble);
    } else {
        snprintf(it->label, sizeof it->label, "%.80s pool", name);
        snprintf(it->prefix, sizeof it->prefix, "[%.80s/pool] ", name);
    }
    return it;
}

/* An arm, or a cell of a sweep. */
static void add_one(session *s, const cJSON *one, const cJSON *seed)
{
    if (s->plan.cells)
        sweep_add_item(s, one, seed);
    else
        session_add_item(s, one, seed);
}

/* For each seed each arm, so that pairs stand side by side; then one pool run an arm. Of a sweep each point
 * of each arm. */
static bool lay_out(session *s, as_error *e)
{
    const cJSON *list = s->plan.cells ? s->plan.cells : s->plan.arms, *one, *seed;
    size_t n = (size_t)cJSON_GetArraySize(list), seeds = (size_t)cJSON_GetArraySize(s->plan.seeds);
    s->items = calloc(n * (seeds + 1), sizeof *s->items);
    s->workers = calloc((size_t)s->options->jobs, sizeof *s->workers);
    if (!s->items || !s->workers)
        return error_set(e, "out of memory");
    cJSON_ArrayForEach(seed, s->plan.seeds)
    {
        cJSON_ArrayForEach(one, list) add_one(s, one, seed);
    }
    if (s->plan.pool)
        cJSON_ArrayForEach(one, list) add_one(s, one, NULL);
    s->outcome->planned = s->n_items;
    return true;
}

static bool make_plan(session *s, as_error *e)
{
    const supervisor_options *o = s->options;
    char *talk = NULL;
    bool ok = path_of_worker(s->program, e) && plan_make(s->program, o->script, o->plan_args, o->n_plan_args,
                                                         &s->plan, &talk, &s->outcome->misuse, e);
    if (ok && talk)
        progress_say(&s->progress, "%s", talk);
    free(talk);
    if (!ok)
        return false;
    s->time_limit = o->time_limit > 0 ? o->time_limit : s->plan.time_limit;
    s->memory_limit = o->memory_limit > 0 ? o->memory_limit : s->plan.memory_limit;
    snprintf(s->outcome->name, sizeof s->outcome->name, "%s", s->plan.name);
    snprintf(s->outcome->headline, sizeof s->outcome->headline, "%s",
             s->plan.headline ? s->plan.headline : "");
    return sweep_describe(s, e);
}

bool session_open_store(session *s, as_error *e)
{
    s->store = store_open(s->options->db, STORE_WRITE, e);
    if (!s->store)
        return false;
    if (!folder_make(store_artifacts(s->store), e))
        return false;
    if (!realpath(store_path(s->store), s->database) || !realpath(store_artifacts(s->store), s->artifacts))
        return error_set(e, "cannot find %s: %s", s->options->db, strerror(errno));
    return true;
}

static bool record_experiment(session *s, as_error *e)
{
    store_experiment_info info = {.name = s->plan.name,
                                  .paper = s->plan.paper,
                                  .doc = s->plan.doc,
                                  .headline = s->plan.headline,
                                  .script = s->options->script,
                                  .source = s->plan.source};
    return store_experiment(s->store, &info, &s->experiment, e);
}

void session_summarise(session *s)
{
    supervisor_outcome *o = s->outcome;
    o->runs = calloc((size_t)s->n_items + 1, sizeof *o->runs);
    for (int i = 0; i < s->n_items; i++) {
        const item *it = &s->items[i];
        o->done += it->state == ITEM_DONE;
        if (it->run == 0)
            continue;
        if (o->runs)
            o->runs[o->n_runs++] = it->run;
        o->last = it->run > o->last ? it->run : o->last;
        if (it->state != ITEM_DONE && o->troubled == 0)
            o->troubled = it->run;
    }
    o->done -= o->skipped;
}

bool supervisor_run(const supervisor_options *options, supervisor_outcome *out, as_error *e)
{
    *out = (supervisor_outcome){0};
    session s = {.options = options, .outcome = out, .threads = session_cores() / options->jobs};
    if (s.threads < 1)
        s.threads = 1;
    progress_open(&s.progress, options->talk);
    bool ok = make_plan(&s, e) && session_open_store(&s, e) && record_experiment(&s, e) &&
              claims_record(&s, e) && lay_out(&s, e) && sweep_record(&s, e) && watch_all(&s, e);
    if (s.n_items > 0)
        session_summarise(&s);
    ok = ok && claims_job(&s, e);
    if (s.store && ok)
        ok = store_sync(s.store, e);
    store_close(s.store);
    plan_free(&s.plan);
    cJSON_Delete(s.claim_ids);
    free(s.items);
    free(s.workers);
    free(s.own_files);
    return ok;
}

cJSON *supervisor_look(const supervisor_options *options, supervisor_outcome *out, as_error *e)
{
    *out = (supervisor_outcome){0};
    session s = {.options = options, .outcome = out};
    progress_open(&s.progress, options->talk);
    cJSON *list = NULL;
    bool ok = make_plan(&s, e) && lay_out(&s, e);
    if (ok && access(options->db, F_OK) == 0) /* else there is nothing yet */
        ok = (s.store = store_open(options->db, STORE_READ, e)) != NULL;
    if (ok)
        list = look_all(&s, e);
    store_close(s.store);
    plan_free(&s.plan);
    free(s.items);
    free(s.workers);
    free(s.own_files);
    return list;
}

void supervisor_outcome_free(supervisor_outcome *out)
{
    free(out->runs);
    cJSON_Delete(out->definition);
    free(out->judge);
    free(out->trial);
    out->runs = NULL;
    out->judge = out->trial = NULL;
    out->n_runs = 0;
    out->definition = NULL;
}
