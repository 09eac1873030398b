/* The life of a run: experiment, run, attempts, end. */
#include "results/internal.h"
#include "base/hash.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

bool source_row(store *s, const char *text, int64_t *id, as_error *e)
{
    static const char doing[] = "cannot record a source text";
    char sha256[HASH_TEXT];
    hash_bytes(text, strlen(text), sha256);
    return sql_do(s, doing, "INSERT INTO source (sha256, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                  BINDINGS(bind_text(sha256), bind_text(text)), e) &&
           sql_number(s, doing, "SELECT id FROM source WHERE sha256 = ?1", BINDINGS(bind_text(sha256)), 0, id,
                      e);
}

static bool experiment_row(store *s, const store_experiment_info *x, int64_t *id, as_error *e)
{
    static const char doing[] = "cannot record the experiment";
    int64_t source;
    if (!source_row(s, x->source, &source, e))
        return false;
    binding values[] = {bind_text(x->name),     bind_text(x->paper),  bind_text(x->doc),
                        bind_text(x->headline), bind_text(x->script), bind_int(source)};
    if (!sql_number(
            s, doing,
            "SELECT id FROM experiment WHERE name = ?1 AND paper IS ?2 AND doc IS ?3 AND headline IS ?4"
            " AND script = ?5 AND source_id = ?6",
            values, 6, 0, id, e))
        return false;
    return *id ||
           sql_number(s, doing,
                      "INSERT INTO experiment (name, paper, doc, headline, script, source_id, created_at)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, " SQL_NOW ") RETURNING id",
                      values, 6, 0, id, e);
}

bool store_experiment(store *s, const store_experiment_info *x, int64_t *id, as_error *e)
{
    return sql_begin(s, e) && sql_end(s, experiment_row(s, x, id, e), e);
}

/* RFC 9562, version 7: 48 bits of milliseconds, so that folders sort by their time, then random bits. */
static bool make_uuid(char out[STORE_UUID])
{
    unsigned char b[16];
    struct timespec t;
    if (getrandom(b, sizeof b, 0) != sizeof b)
        return false;
    clock_gettime(CLOCK_REALTIME, &t);
    uint64_t ms = (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (40 - 8 * i) & 0xff);
    b[6] = (b[6] & 0x0f) | 0x70;
    b[8] = (b[8] & 0x3f) | 0x80;
    for (int i = 0, at = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            out[at++] = '-';
        snprintf(out + at, 3, "%02x", b[i]);
        at += 2;
    }
    return true;
}

/* One value of the parameters, under its dotted name. */
static bool insert_param(store *s, int64_t run, const char *name, const cJSON *value, as_error *e)
{
    char *json = cJSON_PrintUnformatted(value);
    if (!json)
        return error_set(e, "%s: out of memory", s->path);
    binding number = cJSON_IsNumber(value) ? bind_real(value->valuedouble)
                     : cJSON_IsBool(value) ? bind_int(cJSON_IsTrue(value))
                                           : bind_null();
    bool ok = sql_do(s, "cannot record a parameter",
                     "INSERT INTO param (run_id, name, value, number, text) VALUES (?1, ?2, ?3, ?4, ?5)",
                     BINDINGS(bind_int(run), bind_text(name), bind_text(json), number,
                              bind_text(cJSON_GetStringValue(value))),
                     e);
    cJSON_free(json);
    return ok;
}

/* An object's members under `prefix`; an empty object is a value, or it would leave no trace. */
static bool insert_params(store *s, int64_t run, const char *prefix, const cJSON *object, as_error *e)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        char name[512];
        if (snprintf(name, sizeof name, "%s%s", prefix, member->string) >= (int)sizeof name - 1)
            return error_set(e, "%s: the parameter name \"%.60s...\" is longer than 500 letters", s->path,
                             name);
        bool ok;
        if (cJSON_IsObject(member) && member->child)
            ok = insert_params(s, run, strcat(name, "."), member, e);
        else
            ok = insert_param(s, run, name, member, e);
        if (!ok)
            return false;
    }
    return true;
}

static bool insert_attempt(store *s, int64_t run, int64_t attempt, as_error *e)
{
    return sql_do(s, "cannot begin an attempt",
                  "INSERT INTO attempt (run_id, attempt, started_at, status) VALUES (?1, ?2, " SQL_NOW
                  ", 'running')",
                  BINDINGS(bind_int(run), bind_int(attempt)), e);
}

static bool insert_run(store *s, const store_run_info *r, const char *uuid, int64_t *id, as_error *e)
{
    process_mark m = process_mark_of(getpid());
    return sql_number(s, "cannot record the run",
                      "INSERT INTO run (uuid, experiment_id, stage, arm, seed, identity, status, started_at, "
                      "pid, process_start,"
                      " boot_id, threads) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'running', " SQL_NOW
                      ", ?7, ?8, ?9, ?10) RETURNING id",
                      BINDINGS(bind_text(uuid), bind_int(r->experiment), bind_text(r->stage),
                               bind_text(r->arm), r->has_seed ? bind_int(r->seed) : bind_null(),
                               bind_text(r->identity), bind_int(m.pid), bind_int(m.start),
                               bind_text(m.boot_id), r->threads > 0 ? bind_int(r->threads) : bind_null()),
                      0, id, e);
}

static bool running_one(store *s, const char *identity, int64_t *run, as_error *e)
{
    return sql_number(s, "cannot look for a running run",
                      "SELECT id FROM run WHERE identity = ?1 AND status = 'running' ORDER BY id LIMIT 1",
                      BINDINGS(bind_text(identity)), 0, run, e);
}

bool store_newest_run(store *s, int64_t *run, as_error *e)
{
    return sql_number(s, "cannot look for the newest run", "SELECT max(id) FROM run", NULL, 0, 0, run, e);
}

bool store_find_running(store *s, const char *identity, int64_t *run, as_error *e)
{
    if (!running_one(s, identity, run, e))
        return false;
    return *run == 0 || s->mode == STORE_READ ||
           (process_find_lost(s, e) && running_one(s, identity, run, e));
}

bool store_create_run(store *s, const store_run_info *r, int64_t *id, char uuid[STORE_UUID], as_error *e)
{
    if (!make_uuid(uuid))
        return error_set(e, "%s: the system gives no random numbers for the run's uuid", s->path);
    int64_t other = 0;
    *id = 0;
    if (!sql_begin(s, e))
        return false;
    bool ok = !r->alone || sql_number(s, "cannot look for an equal run",
                                      "SELECT id FROM run WHERE identity = ?1 AND (status = 'running'"
                                      " OR id > ?2) LIMIT 1",
                                      BINDINGS(bind_text(r->identity), bind_int(r->seen)), 0, &other, e);
    if (!ok || other)
        return sql_end(s, ok, e);
    ok = insert_run(s, r, uuid, id, e) && insert_attempt(s, *id, 1, e) &&
         insert_params(s, *id, "", r->params, e) && insert_params(s, *id, "arm.", r->config, e);
    for (size_t i = 0; i < r->n_members && ok; i++)
        ok = sql_do(s, "cannot record a member of the pool",
                    "INSERT INTO run_member (pool_id, run_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                    BINDINGS(bind_int(*id), bind_int(r->members[i])), e);
    return sql_end(s, ok, e);
}

bool store_run_process(store *s, int64_t run, pid_t pid, as_error *e)
{
    process_mark m = process_mark_of(pid);
    return sql_do(s, "cannot record the run's process",
                  "UPDATE run SET pid = ?2, process_start = ?3, boot_id = ?4 WHERE id = ?1",
                  BINDINGS(bind_int(run), bind_int(pid), bind_int(m.start), bind_text(m.boot_id)), e);
}

bool store_take_run(store *s, int64_t run, int attempt, bool *mine, as_error *e)
{
    int64_t last;
    const char *status;
    if (!sql_begin(s, e))
        return false;
    bool ok =
        store_run_status(s, run, &status, e) &&
        sql_number(s, "cannot read the run's attempts", "SELECT max(attempt) FROM attempt WHERE run_id = ?1",
                   BINDINGS(bind_int(run)), 0, &last, e);
    *mine = ok && strcmp(status, "running") == 0 && last == attempt;
    return sql_end(s, ok && (!*mine || store_run_process(s, run, getpid(), e)), e);
}

bool store_begin_attempt(store *s, int64_t run, int *attempt, as_error *e)
{
    int64_t last;
    if (!sql_begin(s, e))
        return false;
    bool ok = sql_number(s, "cannot begin an attempt", "SELECT max(attempt) FROM attempt WHERE run_id = ?1",
                         BINDINGS(bind_int(run)), 0, &last, e);
    if (ok && last == 0)
        ok = error_set(e, "%s: no run %lld", s->path, (long long)run);
    const char *status = "";
    ok = ok && store_run_status(s, run, &status, e);
    if (ok && (strcmp(status, "running") == 0 || strcmp(status, "done") == 0)) {
        *attempt = 0;
        return sql_end(s, true, e);
    }
    ok =
        ok && insert_attempt(s, run, last + 1, e) &&
        sql_do(
            s, "cannot begin an attempt",
            "UPDATE run SET status = 'running', ended_at = NULL, seconds = NULL, error = NULL, signal = NULL,"
            " plugin = NULL, call = NULL, step = NULL WHERE id = ?1",
            BINDINGS(bind_int(run)), e) &&
        store_run_process(s, run, getpid(), e);
    *attempt = (int)(last + 1);
    return sql_end(s, ok, e);
}

static const char *const statuses[] = {"running", "done",          "failed",      "crashed",
                                       "timeout", "out_of_memory", "interrupted", "lost"};

bool store_run_status(store *s, int64_t run, const char **status, as_error *e)
{
    static const char doing[] = "cannot read the run's status";
    sqlite3_stmt *q =
        sql_prepare(s, doing, "SELECT status FROM run WHERE id = ?1", BINDINGS(bind_int(run)), e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    *status = NULL;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses && code == SQLITE_ROW; i++)
        if (strcmp(statuses[i], (const char *)sqlite3_column_text(q, 0)) == 0)
            *status = statuses[i];
    sqlite3_finalize(q);
    if (*status)
        return true;
    return code == SQLITE_DONE ? error_set(e, "%s: no run %lld", s->path, (long long)run)
                               : store_fail(s, e, doing);
}

/* The end of the open attempt, or of the last one when the run was taken for lost, and then of the run. */
static bool write_end(store *s, int64_t run, const store_end_info *end, as_error *e)
{
    static const char doing[] = "cannot record the end of the run";
    return sql_do(s, doing,
                  "UPDATE attempt SET status = ?2, ended_at = " SQL_NOW ","
                  " seconds = round((julianday('now') - julianday(started_at)) * 86400, 3)"
                  " WHERE run_id = ?1 AND attempt = (SELECT max(attempt) FROM attempt WHERE run_id = ?1)",
                  BINDINGS(bind_int(run), bind_text(end->status)), e) &&
           sql_do(s, doing,
                  "UPDATE run SET status = ?2, error = ?3, signal = ?4, plugin = ?5, call = ?6, step = ?7,"
                  " ended_at = " SQL_NOW ", seconds = (SELECT sum(seconds) FROM attempt WHERE run_id = ?1)"
                  " WHERE id = ?1",
                  BINDINGS(bind_int(run), bind_text(end->status), bind_text(end->error),
                           end->signal ? bind_int(end->signal) : bind_null(), bind_text(end->plugin),
                           bind_text(end->call), end->has_step ? bind_int(end->step) : bind_null()),
                  e);
}

static bool finish(store *s, int64_t run, const store_end_info *end, as_error *e)
{
    const char *before;
    if (!sql_begin(s, e))
        return false;
    bool ok = store_run_status(s, run, &before, e);
    if (ok && strcmp(before, "running") != 0 && strcmp(before, "lost") != 0)
        ok = error_set(e, "%s: run %lld already ended: %s", s->path, (long long)run, before);
    return sql_end(s, ok && write_end(s, run, end, e), e);
}

/* On a full disk the room that this writer gave away may have gone to another, who will find the disk full in
 * his turn. */
bool store_finish(store *s, int64_t run, const store_end_info *end, as_error *e)
{
    enum { TRIES = 20, WAIT_US = 50000 };
    if (strcmp(end->status, "running") == 0)
        return error_set(e, "%s: \"running\" is not an end of a run", s->path);
    for (int i = 0;; i++) {
        as_error why = {0};
        s->full = false;
        if (finish(s, run, end, &why))
            return true;
        if (!s->full || i == TRIES)
            return error_set(e, "%s", why.text);
        usleep(WAIT_US);
    }
}
