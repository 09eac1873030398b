/* What others ask of finished runs: an equal one, a file of one, how the arms stand. */
#include "results/internal.h"
#include "results/statistics.h"
#include "results/upkeep.h"
#include "base/hash.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first of the rows (id of a run) that is unchanged, 0 if there is none. */
static bool first_unchanged(store *s, const char *sql, const char *identity, int64_t *run,
                            store_change *change, as_error *e)
{
    static const char doing[] = "cannot look for an equal run";
    sqlite3_stmt *q = sql_prepare(s, doing, sql, BINDINGS(bind_text(identity)), e);
    if (!q)
        return false;
    *run = 0;
    change->run = 0;
    int code;
    bool ok = true;
    while (ok && *run == 0 && (code = sqlite3_step(q)) == SQLITE_ROW) {
        int64_t candidate = sqlite3_column_int64(q, 0);
        char what[STORE_CHANGE];
        ok = run_changed(s, candidate, what, e);
        if (ok && !what[0]) {
            *run = candidate;
        } else if (ok && change->run == 0) {
            change->run = candidate;
            memcpy(change->text, what, sizeof what);
        }
    }
    if (ok && *run == 0 && code != SQLITE_DONE)
        ok = store_fail(s, e, doing);
    sqlite3_finalize(q);
    return ok;
}

bool store_find_equal(store *s, const char *identity, int64_t *run, store_change *change, as_error *e)
{
    return first_unchanged(s, "SELECT id FROM run WHERE identity = ?1 AND status = 'done' ORDER BY id DESC",
                           identity, run, change, e);
}

bool store_find_resumable(store *s, const char *identity, int64_t *run, char uuid[STORE_UUID], as_error *e)
{
    static const char doing[] = "cannot look for a run to go on with";
    char *path = NULL;
    store_change ignored;
    if (!first_unchanged(s,
                         "SELECT id FROM run WHERE identity = ?1 AND status IN"
                         " ('interrupted', 'crashed', 'lost', 'timeout', 'out_of_memory') AND EXISTS"
                         " (SELECT 1 FROM artifact WHERE run_id = run.id AND name = 'checkpoint')"
                         " ORDER BY id DESC",
                         identity, run, &ignored, e))
        return false;
    if (*run == 0)
        return true;
    if (!store_artifact_path(s, *run, "checkpoint", &path, e))
        return false;
    bool there = access(path, R_OK) == 0;
    free(path);
    if (!there) {
        *run = 0;
        return true;
    }
    sqlite3_stmt *q =
        sql_prepare(s, doing, "SELECT uuid FROM run WHERE id = ?1", BINDINGS(bind_int(*run)), e);
    bool ok = q && sqlite3_step(q) == SQLITE_ROW;
    if (ok)
        snprintf(uuid, STORE_UUID, "%s", (const char *)sqlite3_column_text(q, 0));
    else if (q)
        store_fail(s, e, doing);
    sqlite3_finalize(q);
    return ok;
}

/* 'run 12 (ce, seed 3) has no artifact "model"; it has: stderr, stdout' */
static bool no_artifact(store *s, int64_t run, const char *name, as_error *e)
{
    static const char doing[] = "cannot look for an artifact";
    sqlite3_stmt *q = sql_prepare(s, doing,
                                  "SELECT arm || ifnull(', seed ' || seed, ''),"
                                  " ifnull((SELECT group_concat(name, ', ') FROM (SELECT name FROM artifact"
                                  " WHERE run_id = ?1 ORDER BY name)), 'none') FROM run WHERE id = ?1",
                                  BINDINGS(bind_int(run)), e);
    if (!q)
        return false;
    switch (sqlite3_step(q)) {
    case SQLITE_ROW:
        error_set(e, "%s: run %lld (%s) has no artifact \"%s\"; it has: %s", s->path, (long long)run,
                  sqlite3_column_text(q, 0), name, sqlite3_column_text(q, 1));
        break;
    case SQLITE_DONE:
        error_set(e, "%s: no run %lld", s->path, (long long)run);
        break;
    default:
        store_fail(s, e, doing);
    }
    sqlite3_finalize(q);
    return false;
}

bool store_artifact_path(store *s, int64_t run, const char *name, char **path, as_error *e)
{
    static const char doing[] = "cannot look for an artifact";
    sqlite3_stmt *q =
        sql_prepare(s, doing, "SELECT ?3 || '/' || path FROM artifact WHERE run_id = ?1 AND name = ?2",
                    BINDINGS(bind_int(run), bind_text(name), bind_text(s->artifacts)), e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    *path = code == SQLITE_ROW ? strdup((const char *)sqlite3_column_text(q, 0)) : NULL;
    sqlite3_finalize(q);
    if (*path)
        return true;
    return code == SQLITE_DONE ? no_artifact(s, run, name, e) : store_fail(s, e, doing);
}

bool store_intact_artifact(store *s, int64_t run, const char *name, char **path, as_error *e)
{
    static const char doing[] = "cannot look for an artifact";
    sqlite3_stmt *q = sql_prepare(
        s, doing, "SELECT ?3 || '/' || path, sha256 FROM artifact WHERE run_id = ?1 AND name = ?2",
        BINDINGS(bind_int(run), bind_text(name), bind_text(s->artifacts)), e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    char now[HASH_TEXT];
    as_error unreadable = {0};
    *path = NULL;
    if (code == SQLITE_ROW && hash_file((const char *)sqlite3_column_text(q, 0), now, &unreadable) &&
        strcmp(now, (const char *)sqlite3_column_text(q, 1)) == 0)
        *path = strdup((const char *)sqlite3_column_text(q, 0));
    sqlite3_finalize(q);
    return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, e, doing);
}

/* ---- the summary ---- */

/* The runs as a JSON list, which SQLite reads back with json_each: one statement for any number of them. */
static char *json_list(const int64_t *runs, size_t n)
{
    sqlite3_str *text = sqlite3_str_new(NULL);
    for (size_t i = 0; i < n; i++)
        sqlite3_str_appendf(text, "%s%lld", i ? "," : "[", (long long)runs[i]);
    sqlite3_str_appendall(text, n ? "]" : "[]");
    return sqlite3_str_finish(text);
}

typedef struct {
    store_arm_summary *arms;
    size_t n;
    double *value; /* the headline values of the arm being read */
} summary;

/* The arm of the row, a new one when the name differs from the last row's. */
static store_arm_summary *arm_of(summary *m, const char *name)
{
    if (m->n && strcmp(m->arms[m->n - 1].arm, name) == 0)
        return &m->arms[m->n - 1];
    store_arm_summary *more = realloc(m->arms, (m->n + 1) * sizeof *more);
    if (!more)
        return NULL;
    m->arms = more;
    more[m->n] = (store_arm_summary){.arm = strdup(name), .mean = NAN, .stddev = NAN};
    return more[m->n].arm ? &more[m->n++] : NULL;
}

/* Adds the row (arm, stage, status, headline, seconds). */
static bool add_row(summary *m, sqlite3_stmt *q)
{
    store_arm_summary *a = arm_of(m, (const char *)sqlite3_column_text(q, 0));
    if (!a)
        return false;
    a->seconds += sqlite3_column_double(q, 4);
    if (strcmp((const char *)sqlite3_column_text(q, 1), "run") != 0)
        return true;
    a->total++;
    if (strcmp((const char *)sqlite3_column_text(q, 2), "done") != 0)
        return true;
    a->done++;
    if (sqlite3_column_type(q, 3) == SQLITE_NULL)
        return true;
    m->value[a->values++] = sqlite3_column_double(q, 3);
    a->mean = statistics_mean(m->value, (size_t)a->values);
    a->stddev = statistics_stddev(m->value, (size_t)a->values);
    return true;
}

bool store_summary(store *s, const int64_t *runs, size_t n, store_arm_summary **arms, size_t *n_arms,
                   as_error *e)
{
    static const char doing[] = "cannot sum up the runs";
    char *list = json_list(runs, n);
    summary m = {.value = malloc((n + 1) * sizeof *m.value)};
    bool memory = list && m.value, ok = false;
    sqlite3_stmt *q = NULL;
    if (memory)
        q = sql_prepare(s, doing,
                        "SELECT arm, stage, status, headline, seconds FROM runs"
                        " WHERE id IN (SELECT value FROM json_each(?1))"
                        " ORDER BY min(id) OVER (PARTITION BY arm), id",
                        BINDINGS(bind_text(list)), e);
    int code = SQLITE_DONE;
    while (q && memory && (code = sqlite3_step(q)) == SQLITE_ROW)
        memory = add_row(&m, q);
    if (!memory)
        error_set(e, "%s: out of memory", s->path);
    else if (q && code != SQLITE_DONE)
        store_fail(s, e, doing);
    else
        ok = q != NULL;
    sqlite3_finalize(q);
    sqlite3_free(list);
    free(m.value);
    if (!ok)
        store_free_summary(m.arms, m.n);
    *arms = ok ? m.arms : NULL;
    *n_arms = ok ? m.n : 0;
    return ok;
}

void store_free_summary(store_arm_summary *arms, size_t n_arms)
{
    for (size_t i = 0; i < n_arms; i++)
        free(arms[i].arm);
    free(arms);
}
