#include "supervisor/fate.h"

#include "results/upkeep.h"

#include <string.h>

static bool identify(session *s, item *it, as_error *e)
{
    if (it->identity[0]) /* of a run that is repeated, or looked at again */
        return true;
    plan_part part = {.params = it->params, .arm = it->arm, .seed = it->seed};
    cJSON *members = it->seed ? NULL : cJSON_CreateArray();
    for (int i = 0; i < s->n_items && members; i++)
        if (s->items[i].seed && s->items[i].arm == it->arm)
            cJSON_AddItemToArray(members, cJSON_CreateString(s->items[i].identity));
    part.members = members;
    bool ok = plan_identity(&s->plan, &part, it->identity);
    cJSON_Delete(members);
    return ok || error_set(e, "out of memory");
}

/* An equal run is done: it stands for this one, unless another build made it and that matters. */
static bool take_equal(session *s, int64_t equal, fate *f, as_error *e)
{
    char build[256];
    if (!changes_of_build(s, equal, build, sizeof build, e))
        return false;
    if (s->options->rebuild_stale && build[0]) {
        snprintf(f->why, sizeof f->why, "run %lld was made by another build: %s", (long long)equal, build);
        return true;
    }
    f->kind = FATE_DONE;
    f->run = equal;
    snprintf(f->why, sizeof f->why, "%s", build);
    return true;
}

bool fate_of(session *s, item *it, fate *f, as_error *e)
{
    int64_t equal = 0;
    store_change change = {0};
    *f = (fate){.kind = FATE_NEW};
    if (!identify(s, it, e))
        return false;
    if (s->options->again || !s->store)
        return true;
    if (!store_newest_run(s->store, &it->seen, e) || !store_find_running(s->store, it->identity, &f->run, e))
        return false;
    if (f->run) { /* looked for before a done one, so that no end of a run is missed */
        f->kind = FATE_ELSEWHERE;
        return true;
    }
    if (!store_find_equal(s->store, it->identity, &equal, &change, e))
        return false;
    if (equal)
        return take_equal(s, equal, f, e);
    if (!store_find_resumable(s->store, it->identity, &f->run, f->uuid, e))
        return false;
    if (f->run) {
        f->kind = FATE_RESUME;
        return true;
    }
    if (change.run == 0)
        return changes_since(s, it, f->why, sizeof f->why, e);
    snprintf(f->why, sizeof f->why, "not as run %lld, since %.400s", (long long)change.run, change.text);
    return true;
}

/* ---- a look at all of them ---- */

static cJSON *describe(const item *it, const fate *f)
{
    static const char *const states[] = {
        [FATE_DONE] = "done", [FATE_ELSEWHERE] = "running", [FATE_RESUME] = "resume", [FATE_NEW] = "new"};
    cJSON *out = cJSON_CreateObject();
    const cJSON *arm = cJSON_GetObjectItemCaseSensitive(it->arm, "name");
    bool ok =
        cJSON_AddItemToObject(out, "arm", cJSON_Duplicate(arm, true)) &&
        cJSON_AddItemToObject(out, "seed", it->seed ? cJSON_Duplicate(it->seed, true) : cJSON_CreateNull()) &&
        cJSON_AddItemToObject(out, "values",
                              it->values ? cJSON_Duplicate(it->values, true) : cJSON_CreateObject()) &&
        cJSON_AddStringToObject(out, "label", it->label) &&
        cJSON_AddStringToObject(out, "state", states[f->kind]) &&
        cJSON_AddItemToObject(out, "run", f->run ? cJSON_CreateNumber((double)f->run) : cJSON_CreateNull()) &&
        cJSON_AddStringToObject(out, "why", f->why);
    if (ok)
        return out;
    cJSON_Delete(out);
    return NULL;
}

cJSON *look_all(session *s, as_error *e)
{
    cJSON *list = cJSON_CreateArray();
    bool ok = list || error_set(e, "out of memory");
    for (int i = 0; i < s->n_items && ok; i++) {
        fate f;
        ok = fate_of(s, &s->items[i], &f, e);
        cJSON *one = ok ? describe(&s->items[i], &f) : NULL;
        ok = ok && ((one && cJSON_AddItemToArray(list, one)) || error_set(e, "out of memory"));
    }
    if (ok)
        return list;
    cJSON_Delete(list);
    return NULL;
}
