#include "supervisor/session.h"

#include "base/folder.h"

#include <errno.h>
#include <string.h>

static cJSON *describe(const session *s, const item *it, const int64_t *members, size_t n_members)
{
    cJSON *job = cJSON_CreateObject();
    bool ok =
        cJSON_AddStringToObject(job, "db", s->database) &&
        cJSON_AddNumberToObject(job, "run", (double)it->run) &&
        cJSON_AddNumberToObject(job, "attempt", it->attempt) &&
        cJSON_AddStringToObject(job, "uuid", it->uuid) &&
        cJSON_AddStringToObject(job, "stage", it->seed ? "run" : "pool") &&
        cJSON_AddStringToObject(job, "script", s->plan.script) &&
        cJSON_AddItemToObject(job, "arm",
                              cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(it->arm, "name"), true)) &&
        cJSON_AddItemToObject(job, "seed", it->seed ? cJSON_Duplicate(it->seed, true) : cJSON_CreateNull()) &&
        cJSON_AddItemToObject(job, "params", cJSON_Duplicate(it->params, true)) &&
        cJSON_AddItemToObject(job, "config",
                              cJSON_Duplicate(cJSON_GetObjectItemCaseSensitive(it->arm, "config"), true)) &&
        cJSON_AddStringToObject(job, "artifacts", s->artifacts) &&
        cJSON_AddNumberToObject(job, "threads", s->threads) &&
        cJSON_AddNumberToObject(job, "memory_limit", s->memory_limit);
    cJSON *list = ok ? cJSON_AddArrayToObject(job, "members") : NULL;
    ok = list != NULL;
    for (size_t i = 0; ok && i < n_members; i++)
        ok = cJSON_AddItemToArray(list, cJSON_CreateNumber((double)members[i]));
    if (ok)
        return job;
    cJSON_Delete(job);
    return NULL;
}

bool job_write(session *s, const item *it, const int64_t *members, size_t n_members, as_error *e)
{
    path_text folder, path;
    if (!path_join(folder, s->artifacts, it->uuid, e) || !path_join(path, folder, "job.json", e) ||
        !folder_make(folder, e))
        return false;
    cJSON *job = describe(s, it, members, n_members);
    char *text = job ? cJSON_Print(job) : NULL;
    cJSON_Delete(job);
    if (!text)
        return error_set(e, "out of memory");
    FILE *f = fopen(path, "we");
    bool ok = f && fprintf(f, "%s\n", text) > 0;
    if (f)
        ok = fclose(f) == 0 && ok;
    cJSON_free(text);
    if (!ok)
        return error_set(e, "cannot write %s: %s", path, strerror(errno));
    char name[STORE_UUID + 16];
    snprintf(name, sizeof name, "%s/job.json", it->uuid);
    return store_artifact(s->store, it->run, it->attempt, "job", "job", name, e);
}
