#include "results/claims.h"
#include "results/internal.h"

/* The columns that make a claim what it is, as ?1 .. ?9, and the source's row as ?10. SQLite keeps NaN as
 * NULL, which is what these columns mean by it. */
enum { CLAIM_COLUMNS = 10 };

static void bind_claim(const store_claim_info *c, int64_t source, binding out[CLAIM_COLUMNS])
{
    const binding values[CLAIM_COLUMNS] = {
        bind_text(c->name),
        bind_text(c->statement),
        bind_text(c->kind),
        bind_text(c->side),
        bind_int(c->pooled),
        bind_real(c->null_value),
        bind_real(c->least_mean),
        c->of_seeds ? bind_int(c->least_seeds) : bind_null(),
        c->of_seeds ? bind_int(c->of_seeds) : bind_null(),
        bind_int(source),
    };
    for (int i = 0; i < CLAIM_COLUMNS; i++)
        out[i] = values[i];
}

/* What differs between the claim `previous` and the bound one, as one text; NULL if nothing does. */
static bool describe_change(store *s, int64_t previous, const binding *values, char **change, as_error *e)
{
    static const char doing[] = "cannot read a claim";
    static const char sql[] =
        "WITH field(name, was, now) AS ("
        " SELECT 'statement', statement, ?2 FROM claim WHERE id = ?11"
        " UNION ALL SELECT 'kind', kind, ?3 FROM claim WHERE id = ?11"
        " UNION ALL SELECT 'side', side, ?4 FROM claim WHERE id = ?11"
        " UNION ALL SELECT 'pooled', pooled, ?5 FROM claim WHERE id = ?11"
        " UNION ALL SELECT 'null_value', null_value, ?6 FROM claim WHERE id = ?11"
        " UNION ALL SELECT 'least_mean', least_mean, ?7 FROM claim WHERE id = ?11"
        " UNION ALL SELECT 'least_seeds', least_seeds, ?8 FROM claim WHERE id = ?11"
        " UNION ALL SELECT 'of_seeds', of_seeds, ?9 FROM claim WHERE id = ?11"
        " UNION ALL SELECT 'source', source_id, ?10 FROM claim WHERE id = ?11)"
        " SELECT group_concat(iif(name = 'source', 'another source text', name || ': ' ||"
        " ifnull(now, 'none') || ', was ' || ifnull(was, 'none')), '; ') FROM field WHERE was IS NOT now";
    binding all[CLAIM_COLUMNS + 1];
    for (int i = 0; i < CLAIM_COLUMNS; i++)
        all[i] = values[i];
    all[CLAIM_COLUMNS] = bind_int(previous);
    sqlite3_stmt *q = sql_prepare(s, doing, sql, all, CLAIM_COLUMNS + 1, e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    const unsigned char *text = code == SQLITE_ROW ? sqlite3_column_text(q, 0) : NULL;
    *change = text ? sqlite3_mprintf("%s", text) : NULL;
    bool ok = code == SQLITE_ROW ? (!text || *change || error_set(e, "%s: out of memory", s->path))
                                 : store_fail(s, e, doing);
    sqlite3_finalize(q);
    return ok;
}

static bool insert_claim(store *s, const store_claim_info *c, const binding *values, int64_t previous,
                         const char *change, int64_t *id, as_error *e)
{
    binding all[CLAIM_COLUMNS + 3];
    for (int i = 0; i < CLAIM_COLUMNS; i++)
        all[i] = values[i];
    all[CLAIM_COLUMNS] = bind_int(c->experiment);
    all[CLAIM_COLUMNS + 1] = previous ? bind_int(previous) : bind_null();
    all[CLAIM_COLUMNS + 2] = bind_text(change);
    return sql_number(
        s, "cannot record the claim",
        "INSERT INTO claim (name, statement, kind, side, pooled, null_value, least_mean, least_seeds,"
        " of_seeds, source_id, experiment_id, previous_id, change, created_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, " SQL_NOW ") RETURNING id",
        all, CLAIM_COLUMNS + 3, 0, id, e);
}

static bool claim_row(store *s, const store_claim_info *c, int64_t *id, bool *changed, as_error *e)
{
    int64_t source, previous;
    binding values[CLAIM_COLUMNS];
    char *change = NULL;
    *changed = false;
    if (!source_row(s, c->source, &source, e))
        return false;
    bind_claim(c, source, values);
    /* an edited script is another experiment row of the same name */
    if (!sql_number(s, "cannot look for the claim",
                    "SELECT max(c.id) FROM claim c JOIN experiment x ON x.id = c.experiment_id"
                    " WHERE c.name = ?1 AND x.name = (SELECT name FROM experiment WHERE id = ?2)",
                    BINDINGS(bind_text(c->name), bind_int(c->experiment)), 0, &previous, e))
        return false;
    if (previous && !describe_change(s, previous, values, &change, e))
        return false;
    *id = previous;
    *changed = change != NULL;
    bool ok = (previous && !change) || insert_claim(s, c, values, previous, change, id, e);
    sqlite3_free(change);
    return ok;
}

bool store_claim(store *s, const store_claim_info *c, int64_t *id, bool *changed, as_error *e)
{
    return sql_begin(s, e) && sql_end(s, claim_row(s, c, id, changed, e), e);
}

static bool insert_value(store *s, int64_t verdict, const store_claim_value *v, as_error *e)
{
    static const char doing[] = "cannot record a value of the claim";
    int64_t id;
    bool ok = sql_number(
        s, doing, "INSERT INTO claim_value (verdict_id, seed, value) VALUES (?1, ?2, ?3) RETURNING id",
        BINDINGS(bind_int(verdict), v->has_seed ? bind_int(v->seed) : bind_null(), bind_real(v->value)), 0,
        &id, e);
    for (size_t i = 0; i < v->n_runs && ok; i++)
        ok = sql_do(s, doing,
                    "INSERT INTO claim_value_run (claim_value_id, run_id) VALUES (?1, ?2)"
                    " ON CONFLICT DO NOTHING",
                    BINDINGS(bind_int(id), bind_int(v->runs[i])), e);
    return ok;
}

bool store_verdict(store *s, const store_verdict_info *v, int64_t *id, as_error *e)
{
    if (!sql_begin(s, e))
        return false;
    bool ok =
        sql_number(s, "cannot record the verdict",
                   "INSERT INTO verdict (claim_id, at, n, mean, low, high, rule, interval, outcome, sentence)"
                   " VALUES (?1, " SQL_NOW ", ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) RETURNING id",
                   BINDINGS(bind_int(v->claim), bind_int((int64_t)v->n_values), bind_real(v->mean),
                            bind_real(v->low), bind_real(v->high), bind_text(v->rule_met ? "met" : "not_met"),
                            bind_text(v->interval), bind_text(v->outcome), bind_text(v->sentence)),
                   0, id, e);
    for (size_t i = 0; i < v->n_values && ok; i++)
        ok = insert_value(s, *id, &v->values[i], e);
    return sql_end(s, ok, e);
}
