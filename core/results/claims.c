#include "results/claims.h"
#include "results/internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The columns that make a claim what it is; in all statements below they are ?1, ?2, ... in this order. The
 * first is the name, the last the source's row. */
static const char *const columns[] = {
    "name",   "statement",  "paper_says",  "kind",     "side",        "pooled", "null_value", "or_equal",
    "center", "least_mean", "least_seeds", "of_seeds", "least_share", "method", "parts",      "source_id",
};
enum { CLAIM_COLUMNS = sizeof columns / sizeof *columns };

/* SQLite keeps NaN as NULL, which is what these columns mean by it. */
static void bind_claim(const store_claim_info *c, int64_t source, binding out[CLAIM_COLUMNS])
{
    const binding values[CLAIM_COLUMNS] = {
        bind_text(c->name),
        bind_text(c->statement),
        bind_text(c->paper_says),
        bind_text(c->kind),
        bind_text(c->side),
        bind_int(c->pooled),
        bind_real(c->null_value),
        bind_int(c->or_equal),
        bind_text(c->center),
        bind_real(c->least_mean),
        c->of_seeds ? bind_int(c->least_seeds) : bind_null(),
        c->of_seeds ? bind_int(c->of_seeds) : bind_null(),
        bind_real(c->least_share),
        bind_text(c->method),
        bind_text(c->parts),
        bind_int(source),
    };
    memcpy(out, values, sizeof values);
}

/* Adds "column: now, was before" to the text if the claim `previous` has another value there. */
static bool describe_column(store *s, int64_t previous, int place, const binding *value, FILE *out,
                            as_error *e)
{
    static const char doing[] = "cannot read a claim";
    char sql[256];
    const char *name = columns[place];
    bool source = place == CLAIM_COLUMNS - 1;
    snprintf(sql, sizeof sql,
             "SELECT ifnull(?1, 'none') || ', was ' || ifnull(%s, 'none') FROM claim WHERE id = ?2"
             " AND %s IS NOT ?1",
             name, name);
    const binding values[] = {*value, bind_int(previous)};
    sqlite3_stmt *q = sql_prepare(s, doing, sql, values, 2, e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    const char *between = ftell(out) > 0 ? "; " : "";
    if (code == SQLITE_ROW && source)
        fprintf(out, "%sanother source text", between);
    else if (code == SQLITE_ROW)
        fprintf(out, "%s%s: %s", between, name, (const char *)sqlite3_column_text(q, 0));
    bool ok = code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, e, doing);
    sqlite3_finalize(q);
    return ok;
}

/* What differs between the claim `previous` and the bound one, as one text; NULL if nothing does. Owned. */
static bool describe_change(store *s, int64_t previous, const binding *values, char **change, as_error *e)
{
    size_t size;
    FILE *out = open_memstream(change, &size);
    if (!out)
        return error_set(e, "%s: out of memory", s->path);
    bool ok = true;
    for (int i = 1; i < CLAIM_COLUMNS && ok; i++)
        ok = describe_column(s, previous, i, &values[i], out, e);
    if (fclose(out) != 0 && ok)
        ok = error_set(e, "%s: out of memory", s->path);
    if (!ok || size == 0) {
        free(*change);
        *change = NULL;
    }
    return ok;
}

static bool insert_claim(store *s, const store_claim_info *c, const binding *values, int64_t previous,
                         const char *change, int64_t *id, as_error *e)
{
    binding all[CLAIM_COLUMNS + 3];
    memcpy(all, values, CLAIM_COLUMNS * sizeof *all);
    all[CLAIM_COLUMNS] = bind_int(c->experiment);
    all[CLAIM_COLUMNS + 1] = previous ? bind_int(previous) : bind_null();
    all[CLAIM_COLUMNS + 2] = bind_text(change);
    return sql_number(
        s, "cannot record the claim",
        "INSERT INTO claim (name, statement, paper_says, kind, side, pooled, null_value, or_equal, center,"
        " least_mean, least_seeds, of_seeds, least_share, method, parts, source_id, experiment_id, "
        "previous_id,"
        " change, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
        " ?17, ?18, ?19, " SQL_NOW ") RETURNING id",
        all, CLAIM_COLUMNS + 3, 0, id, e);
}

static bool claim_row(store *s, const store_claim_info *c, int64_t *id, char **change, as_error *e)
{
    int64_t source, previous;
    binding values[CLAIM_COLUMNS];
    if (!source_row(s, c->source, &source, e))
        return false;
    bind_claim(c, source, values);
    /* an edited script is another experiment row of the same name */
    if (!sql_number(s, "cannot look for the claim",
                    "SELECT c.id FROM claim c JOIN experiment x ON x.id = c.experiment_id"
                    " WHERE c.name = ?1 AND x.name = (SELECT name FROM experiment WHERE id = ?2)"
                    " ORDER BY c.created_at DESC, c.id DESC LIMIT 1",
                    BINDINGS(bind_text(c->name), bind_int(c->experiment)), 0, &previous, e))
        return false;
    if (previous && !describe_change(s, previous, values, change, e))
        return false;
    *id = previous;
    return (previous && !*change) || insert_claim(s, c, values, previous, *change, id, e);
}

bool store_claim(store *s, const store_claim_info *c, int64_t *id, char **change, as_error *e)
{
    *change = NULL;
    if (sql_begin(s, e) && sql_end(s, claim_row(s, c, id, change, e), e))
        return true;
    free(*change);
    *change = NULL;
    return false;
}

static bool insert_value(store *s, int64_t verdict, const store_claim_value *v, as_error *e)
{
    static const char doing[] = "cannot record a value of the claim";
    int64_t id;
    bool ok = sql_number(
        s, doing,
        "INSERT INTO claim_value (verdict_id, seed, label, value) VALUES (?1, ?2, ?3, ?4) RETURNING id",
        BINDINGS(bind_int(verdict), v->has_seed ? bind_int(v->seed) : bind_null(), bind_text(v->label),
                 bind_real(v->value)),
        0, &id, e);
    for (size_t i = 0; i < v->n_runs && ok; i++)
        ok = sql_do(s, doing,
                    "INSERT INTO claim_value_run (claim_value_id, run_id) VALUES (?1, ?2)"
                    " ON CONFLICT DO NOTHING",
                    BINDINGS(bind_int(id), bind_int(v->runs[i])), e);
    return ok;
}

static bool insert_verdict(store *s, const store_verdict_info *v, int64_t *id, as_error *e)
{
    bool ok = sql_number(s, "cannot record the verdict",
                         "INSERT INTO verdict (claim_id, at, trial, n, n_right, mean, low, high, "
                         "right_share, sign_p, wilcoxon_p,"
                         " rule, interval, outcome, sentence) VALUES (?1, " SQL_NOW
                         ", ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                         " ?12, ?13, ?14) RETURNING id",
                         BINDINGS(bind_int(v->claim), bind_text(v->trial), bind_int((int64_t)v->n_values),
                                  v->n_right < 0 ? bind_null() : bind_int(v->n_right), bind_real(v->mean),
                                  bind_real(v->low), bind_real(v->high), bind_real(v->right_share),
                                  bind_real(v->sign_p), bind_real(v->wilcoxon_p), bind_text(v->rule),
                                  bind_text(v->interval), bind_text(v->outcome), bind_text(v->sentence)),
                         0, id, e);
    for (size_t i = 0; i < v->n_values && ok; i++)
        ok = insert_value(s, *id, &v->values[i], e);
    return ok;
}

#define VERDICT_COLUMNS(v)                                                                                   \
    "(" #v ".trial, " #v ".n, " #v ".n_right, " #v ".mean, " #v ".low, " #v ".high, " #v ".right_share, " #v \
    ".sign_p, " #v ".wilcoxon_p, " #v ".rule, " #v ".interval, " #v ".outcome, " #v ".sentence)"
#define VALUES_OF(v)                                                                                         \
    "SELECT seed, label, value, run_id FROM claim_value c LEFT JOIN claim_value_run"                         \
    " ON claim_value_id = c.id WHERE verdict_id = " #v ".id"

/* The claim's verdict before the row `id`, on the declared plan or the same rehearsal, if it says the same of
 * the same runs, else 0. */
static bool equal_before(store *s, int64_t id, int64_t *before, as_error *e)
{
    return sql_number(
        s, "cannot compare the verdict with the one before",
        "SELECT p.id FROM verdict v JOIN verdict p ON p.id = (SELECT id FROM verdict"
        " WHERE claim_id = v.claim_id AND trial IS v.trial AND id <> v.id ORDER BY at DESC, id DESC LIMIT 1)"
        " WHERE v.id = ?1 AND " VERDICT_COLUMNS(p) " IS " VERDICT_COLUMNS(v) " AND NOT EXISTS (" VALUES_OF(
            v) " EXCEPT " VALUES_OF(p) ")"
                                       " AND NOT EXISTS (" VALUES_OF(p) " EXCEPT " VALUES_OF(v) ")",
        BINDINGS(bind_int(id)), 0, before, e);
}

static bool verdict_row(store *s, const store_verdict_info *v, int64_t *id, as_error *e)
{
    int64_t added, before;
    if (!insert_verdict(s, v, &added, e) || !equal_before(s, added, &before, e))
        return false;
    *id = before ? before : added;
    return !before || sql_do(s, "cannot leave out the equal verdict", "DELETE FROM verdict WHERE id = ?1",
                             BINDINGS(bind_int(added)), e);
}

bool store_verdict(store *s, const store_verdict_info *v, int64_t *id, as_error *e)
{
    return sql_begin(s, e) && sql_end(s, verdict_row(s, v, id, e), e);
}
