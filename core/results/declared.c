/* Reading back what a run was made from, to make it again or to go on with it. */
#include "results/upkeep.h"
#include "results/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *copy_column(sqlite3_stmt *q, int column)
{
    const unsigned char *text = sqlite3_column_text(q, column);
    return text ? strdup((const char *)text) : NULL;
}

static bool read_row(store *s, int64_t run, store_declaration *d, as_error *e)
{
    static const char doing[] = "cannot read the run";
    sqlite3_stmt *q =
        sql_prepare(s, doing,
                    "SELECT x.id, x.name, x.headline, x.script, r.arm, r.stage, r.identity, r.uuid, r.seed"
                    " FROM run r JOIN experiment x ON x.id = r.experiment_id WHERE r.id = ?1",
                    BINDINGS(bind_int(run)), e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        d->experiment = sqlite3_column_int64(q, 0);
        char **const texts[] = {&d->experiment_name, &d->headline, &d->script, &d->arm,
                                &d->stage,           &d->identity, &d->uuid};
        for (int i = 0; i < 7; i++)
            *texts[i] = copy_column(q, i + 1);
        d->has_seed = sqlite3_column_type(q, 8) != SQLITE_NULL;
        d->seed = sqlite3_column_int64(q, 8);
    }
    sqlite3_finalize(q);
    if (code == SQLITE_DONE)
        return error_set(e, "%s: no run %lld", s->path, (long long)run);
    if (code != SQLITE_ROW)
        return store_fail(s, e, doing);
    bool whole = d->experiment_name && d->script && d->arm && d->stage && d->identity && d->uuid;
    return whole || error_set(e, "%s: out of memory", s->path);
}

/* Puts `value` at the dotted name below `object`: the inverse of what store_create_run does. Takes `value`.
 */
static bool put(cJSON *object, const char *name, cJSON *value)
{
    for (const char *dot; value && (dot = strchr(name, '.')); name = dot + 1) {
        char part[512];
        snprintf(part, sizeof part, "%.*s", (int)(dot - name), name);
        cJSON *child = cJSON_GetObjectItemCaseSensitive(object, part);
        if (!child)
            child = cJSON_AddObjectToObject(object, part);
        if (!cJSON_IsObject(child)) {
            cJSON_Delete(value);
            return false;
        }
        object = child;
    }
    if (value && cJSON_AddItemToObject(object, name, value))
        return true;
    cJSON_Delete(value);
    return false;
}

static bool read_params(store *s, store_declaration *d, as_error *e)
{
    static const char doing[] = "cannot read the parameters";
    static const char arm[] = "arm.";
    d->params = cJSON_CreateObject();
    d->config = cJSON_CreateObject();
    sqlite3_stmt *q = sql_prepare(s, doing, "SELECT name, value FROM param WHERE run_id = ?1 ORDER BY name",
                                  BINDINGS(bind_int(d->run)), e);
    if (!q)
        return false;
    int code;
    bool good = d->params && d->config;
    while (good && (code = sqlite3_step(q)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(q, 0);
        cJSON *value = cJSON_Parse((const char *)sqlite3_column_text(q, 1));
        bool config = strncmp(name, arm, sizeof arm - 1) == 0;
        good = put(config ? d->config : d->params, config ? name + sizeof arm - 1 : name, value);
        if (!good)
            error_set(e, "%s: parameter \"%s\" of run %lld cannot be read", s->path, name, (long long)d->run);
    }
    sqlite3_finalize(q);
    if (!good)
        return error_set(e, "%s: out of memory", s->path); /* keeps the first text */
    return code == SQLITE_DONE || store_fail(s, e, doing);
}

static bool read_members(store *s, store_declaration *d, as_error *e)
{
    static const char doing[] = "cannot read the members";
    int64_t count;
    if (!sql_number(s, doing, "SELECT count(*) FROM run_member WHERE pool_id = ?1",
                    BINDINGS(bind_int(d->run)), 0, &count, e))
        return false;
    d->members = calloc((size_t)count + 1, sizeof *d->members);
    if (!d->members)
        return error_set(e, "%s: out of memory", s->path);
    sqlite3_stmt *q =
        sql_prepare(s, doing, "SELECT run_id FROM run_member WHERE pool_id = ?1 ORDER BY run_id LIMIT ?2",
                    BINDINGS(bind_int(d->run), bind_int(count)), e);
    if (!q)
        return false;
    int code;
    while ((code = sqlite3_step(q)) == SQLITE_ROW)
        d->members[d->n_members++] = sqlite3_column_int64(q, 0);
    sqlite3_finalize(q);
    return code == SQLITE_DONE || store_fail(s, e, doing);
}

bool store_declared(store *s, int64_t run, store_declaration *d, as_error *e)
{
    *d = (store_declaration){.run = run};
    return read_row(s, run, d, e) && read_params(s, d, e) && read_members(s, d, e);
}

void store_free_declaration(store_declaration *d)
{
    char *const texts[] = {d->experiment_name, d->headline, d->script, d->arm,
                           d->stage,           d->identity, d->uuid};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        free(texts[i]);
    cJSON_Delete(d->params);
    cJSON_Delete(d->config);
    free(d->members);
    *d = (store_declaration){0};
}

bool store_sources(store *s, int64_t run, store_take_source *take, void *self, as_error *e)
{
    static const char doing[] = "cannot read the sources";
    sqlite3_stmt *q =
        sql_prepare(s, doing,
                    "SELECT r.path, s.text FROM run_source r JOIN source s ON s.id = r.source_id"
                    " WHERE r.run_id = ?1 AND r.own = 0",
                    BINDINGS(bind_int(run)), e);
    if (!q)
        return false;
    int code;
    bool ok = true;
    while (ok && (code = sqlite3_step(q)) == SQLITE_ROW)
        ok = take(self, (const char *)sqlite3_column_text(q, 0), (const char *)sqlite3_column_text(q, 1), e);
    sqlite3_finalize(q);
    return ok && (code == SQLITE_DONE || store_fail(s, e, doing));
}
