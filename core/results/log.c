/* The hot path: one call of run:log, one transaction. */
#include "results/internal.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* FNV-1a: short names, and the table never holds more than a few hundred. */
static size_t place_of(const name_table *t, const char *name)
{
    uint64_t hash = 14695981039346656037u;
    for (const char *p = name; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 1099511628211u;
    size_t i = hash & (t->capacity - 1);
    while (t->name[i] && strcmp(t->name[i], name) != 0)
        i = (i + 1) & (t->capacity - 1);
    return i;
}

static bool grow(name_table *t)
{
    name_table more = {.capacity = t->capacity ? 2 * t->capacity : 64, .count = t->count};
    more.name = calloc(more.capacity, sizeof *more.name);
    more.id = calloc(more.capacity, sizeof *more.id);
    more.run = calloc(more.capacity, sizeof *more.run);
    if (!more.name || !more.id || !more.run) {
        free(more.name);
        free(more.id);
        free(more.run);
        return false;
    }
    for (size_t i = 0; i < t->capacity; i++) {
        if (!t->name[i])
            continue;
        size_t to = place_of(&more, t->name[i]);
        more.name[to] = t->name[i];
        more.id[to] = t->id[i];
        more.run[to] = t->run[i];
    }
    free(t->name);
    free(t->id);
    free(t->run);
    *t = more;
    return true;
}

/* Whether a repeat may differ: one of the name's words says wall-clock time, a rate over it
 * ("images_per_second"), or memory. "time" alone does not count: it may be a quantity of the method. */
static bool is_clock(const char *name)
{
    static const char *const words[] = {"seconds", "second", "ms",        "milliseconds",
                                        "memory",  "rss",    "throughput"};
    while (*name) {
        size_t length = 0;
        while (isalnum((unsigned char)name[length]))
            length++;
        for (size_t i = 0; i < sizeof words / sizeof *words; i++)
            if (strlen(words[i]) == length && strncmp(words[i], name, length) == 0)
                return true;
        name += length ? length : 1;
    }
    return false;
}

/* The run has the metric at this place of the cache. */
static bool know_use(store *s, int64_t run, size_t place, as_error *e)
{
    name_table *t = &s->names;
    if (t->run[place] == run)
        return true;
    if (!sql_do(s, "cannot record the metric's name",
                "INSERT INTO run_metric (run_id, name_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                BINDINGS(bind_int(run), bind_int(t->id[place])), e))
        return false;
    t->run[place] = run;
    return true;
}

/* Sees to it that the cache knows the name, and the file that the run has it. A new one has a transaction of
 * its own: what the cache holds is in the file then, whatever becomes of the log. */
static bool know_name(store *s, int64_t run, const char *name, as_error *e)
{
    static const char doing[] = "cannot record the metric's name";
    name_table *t = &s->names;
    if (!name[0])
        return error_set(e, "%s: a metric must have a name", s->path);
    if (2 * t->count >= t->capacity && !grow(t))
        return error_set(e, "%s: out of memory", s->path);
    size_t i = place_of(t, name);
    if (t->name[i])
        return know_use(s, run, i, e);
    if (!sql_do(s, doing, "INSERT INTO metric_name (name, clock) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                BINDINGS(bind_text(name), bind_int(is_clock(name))), e) ||
        !sql_number(s, doing, "SELECT id FROM metric_name WHERE name = ?1", BINDINGS(bind_text(name)), 0,
                    &t->id[i], e))
        return false;
    t->name[i] = strdup(name);
    if (!t->name[i])
        return error_set(e, "%s: out of memory", s->path);
    t->count++;
    return know_use(s, run, i, e);
}

static bool prepare(store *s, const char *sql, sqlite3_stmt **statement, as_error *e)
{
    if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) == SQLITE_OK)
        return true;
    return store_fail(s, e, "cannot prepare to log");
}

/* The statements, and the moment the run began. */
static bool prepare_log(store *s, int64_t run, as_error *e)
{
    log_state *l = &s->log;
    if (!l->earlier) /* the last one made */
        if (!prepare(s, "BEGIN IMMEDIATE", &l->begin, e) || !prepare(s, "COMMIT", &l->commit, e) ||
            !prepare(s,
                     "INSERT INTO metric (run_id, attempt, step, name_id, value, at) VALUES (?1, ?2, ?3, ?4, "
                     "?5, ?6)",
                     &l->insert, e) ||
            !prepare(s,
                     "SELECT m.value FROM metric m WHERE m.run_id = ?1 AND m.step = ?3 AND m.name_id = ?4"
                     " AND m.attempt < ?2 ORDER BY m.attempt DESC LIMIT 1",
                     &l->earlier, e))
            return false;
    if (l->run == run)
        return true;
    int64_t ms;
    if (!sql_number(s, "cannot read the run",
                    "SELECT CAST(round((julianday(started_at) - 2440587.5) * 86400000) AS INTEGER) FROM run"
                    " WHERE id = ?1",
                    BINDINGS(bind_int(run)), -1, &ms, e))
        return false;
    if (ms < 0)
        return error_set(e, "%s: no run %lld", s->path, (long long)run);
    l->run = run;
    l->started = 1e-3 * (double)ms;
    return true;
}

/* One row, with the statement's first three values and the last bound. */
static bool insert(store *s, int64_t run, int64_t step, int64_t name, const store_value *v, as_error *e)
{
    sqlite3_stmt *q = s->log.insert;
    sqlite3_bind_int64(q, 4, name);
    sqlite3_bind_double(q, 5, v->value); /* NaN becomes NULL */
    bool ok = sqlite3_step(q) == SQLITE_DONE;
    int code = sqlite3_extended_errcode(s->db);
    if (!ok && code == SQLITE_CONSTRAINT_PRIMARYKEY)
        error_set(e, "%s: metric \"%s\" was already logged at step %lld of run %lld", s->path, v->name,
                  (long long)step, (long long)run);
    else if (!ok && code == SQLITE_CONSTRAINT_FOREIGNKEY)
        error_set(e, "%s: no run %lld", s->path, (long long)run);
    else if (!ok)
        store_fail(s, e, "cannot log");
    sqlite3_reset(q);
    return ok;
}

/* A resumed run should repeat what it did; where it does not, somebody will want to know. */
static bool compare_earlier(store *s, int64_t run, int attempt, int64_t step, int64_t name,
                            const store_value *v, as_error *e)
{
    sqlite3_stmt *q = s->log.earlier;
    sqlite3_bind_int64(q, 1, run);
    sqlite3_bind_int64(q, 2, attempt);
    sqlite3_bind_int64(q, 3, step);
    sqlite3_bind_int64(q, 4, name);
    int code = sqlite3_step(q);
    bool found = code == SQLITE_ROW;
    double was = found && sqlite3_column_type(q, 0) != SQLITE_NULL ? sqlite3_column_double(q, 0) : NAN;
    sqlite3_reset(q);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        return store_fail(s, e, "cannot log");
    if (!found || memcmp(&was, &v->value, sizeof was) == 0 || (isnan(was) && isnan(v->value)))
        return true;
    char *text = sqlite3_mprintf("%s was %!.17g, is now %!.17g", v->name, was, v->value);
    bool ok = store_event(s, run, attempt, step, "relogged", text ? text : v->name, e);
    sqlite3_free(text);
    return ok;
}

static bool insert_all(store *s, int64_t run, int attempt, int64_t step, const store_value *values, size_t n,
                       as_error *e)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    sqlite3_bind_int64(s->log.insert, 1, run);
    sqlite3_bind_int64(s->log.insert, 2, attempt);
    sqlite3_bind_int64(s->log.insert, 3, step);
    sqlite3_bind_double(s->log.insert, 6, (double)now.tv_sec - s->log.started + 1e-9 * (double)now.tv_nsec);
    for (size_t i = 0; i < n; i++) {
        int64_t name = s->names.id[place_of(&s->names, values[i].name)];
        if (!insert(s, run, step, name, &values[i], e))
            return false;
        if (attempt > 1 && !is_clock(values[i].name) &&
            !compare_earlier(s, run, attempt, step, name, &values[i], e))
            return false;
    }
    return true;
}

static bool commit(store *s, as_error *e)
{
    bool ok = sqlite3_step(s->log.commit) == SQLITE_DONE || store_fail(s, e, "cannot log");
    sqlite3_reset(s->log.commit);
    return ok;
}

bool store_log(store *s, int64_t run, int attempt, int64_t step, const store_value *values, size_t n,
               as_error *e)
{
    if (!prepare_log(s, run, e))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!know_name(s, run, values[i].name, e))
            return false;
    if (!sql_begin_with(s, s->log.begin, e))
        return false;
    if (insert_all(s, run, attempt, step, values, n, e) && commit(s, e))
        return true;
    if (!sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

void log_close(store *s)
{
    sqlite3_stmt *all[] = {s->log.begin, s->log.insert, s->log.commit, s->log.earlier};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        sqlite3_finalize(all[i]);
    for (size_t i = 0; i < s->names.capacity; i++)
        free(s->names.name[i]);
    free(s->names.name);
    free(s->names.id);
    free(s->names.run);
}
