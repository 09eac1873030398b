#include "results/sweeps.h"
#include "results/internal.h"

#include <stdlib.h>
#include <string.h>

static bool sweep_row(store *s, const store_sweep_info *w, int64_t *id, as_error *e)
{
    static const char doing[] = "cannot record the sweep";
    binding values[] = {bind_int(w->experiment), bind_text(w->purpose), bind_text(w->method),
                        strcmp(w->method, "random") == 0 ? bind_int(w->draw_seed) : bind_null(),
                        bind_text(w->definition)};
    if (!sql_number(s, doing,
                    "SELECT id FROM sweep WHERE experiment_id = ?1 AND purpose = ?2 AND method = ?3"
                    " AND draw_seed IS ?4 AND definition = ?5",
                    values, 5, 0, id, e))
        return false;
    return *id || sql_number(s, doing,
                             "INSERT INTO sweep (experiment_id, purpose, method, draw_seed, definition,"
                             " created_at) VALUES (?1, ?2, ?3, ?4, ?5, " SQL_NOW ") RETURNING id",
                             values, 5, 0, id, e);
}

bool store_sweep(store *s, const store_sweep_info *w, int64_t *id, as_error *e)
{
    return sql_begin(s, e) && sql_end(s, sweep_row(s, w, id, e), e);
}

/* A point's number. `kin` are the earlier grids over the same parameters: what they have numbered keeps its
 * number when the grid grows, and what is new comes behind. Looking through them costs a moment, so a point
 * that stands where it is planned, or may, is told at once. */
static const char number_sql[] =
    "WITH grid(id, at, name, axes) AS (SELECT w.id, w.created_at, x.name || ' ' || w.purpose,"
    "   (SELECT group_concat(a) FROM (SELECT json_extract(value, '$.column') AS a FROM "
    "json_each(w.definition) ORDER BY a))"
    "   FROM sweep w JOIN experiment x ON x.id = w.experiment_id WHERE w.method = 'grid'),"
    " kin(id) AS (SELECT w.id FROM grid w JOIN grid me ON me.id = ?1 AND (w.at, w.id) < (me.at, me.id)"
    "   AND w.name = me.name AND w.axes IS me.axes),"
    " own(number, params) AS (SELECT number, params FROM sweep_point WHERE sweep_id = ?1 AND arm = ?2),"
    " known(sweep_id, number, params) AS (SELECT sweep_id, number, params FROM sweep_point"
    "   WHERE arm = ?2 AND (sweep_id = ?1 OR sweep_id IN kin))"
    " SELECT CASE WHEN EXISTS (SELECT 1 FROM own WHERE number = ?3 AND params = ?4) THEN ?3"
    "   WHEN NOT EXISTS (SELECT 1 FROM own WHERE number = ?3) AND NOT EXISTS (SELECT 1 FROM kin) THEN ?3"
    "   ELSE coalesce((SELECT number FROM own WHERE params = ?4),"
    "     (SELECT number FROM known WHERE params = ?4 AND number NOT IN (SELECT number FROM own)"
    "      ORDER BY sweep_id DESC LIMIT 1),"
    "     (SELECT 1 + max(number) FROM known)) END";

static bool point_row(store *s, int64_t sweep, const char *arm, const char *params, int *number, int64_t *id,
                      as_error *e)
{
    static const char doing[] = "cannot record a point of the sweep";
    int64_t found;
    binding values[] = {bind_int(sweep), bind_text(arm), bind_int(*number), bind_text(params)};
    if (!sql_number(s, doing, number_sql, values, 4, *number, &found, e))
        return false;
    *number = (int)found;
    values[2] = bind_int(found);
    return sql_do(s, doing,
                  "INSERT INTO sweep_point (sweep_id, arm, number, params) VALUES (?1, ?2, ?3, ?4)"
                  " ON CONFLICT DO NOTHING",
                  values, 4, e) &&
           sql_number(s, doing, "SELECT id FROM sweep_point WHERE sweep_id = ?1 AND arm = ?2 AND number = ?3",
                      values, 3, 0, id, e);
}

bool store_sweep_point(store *s, int64_t sweep, const char *arm, const char *params, int *number, int64_t *id,
                       as_error *e)
{
    return sql_begin(s, e) && sql_end(s, point_row(s, sweep, arm, params, number, id, e), e);
}

bool store_sweep_run(store *s, int64_t point, int64_t run, as_error *e)
{
    return sql_do(s, "cannot record a run of the sweep",
                  "INSERT INTO sweep_run (point_id, run_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                  BINDINGS(bind_int(point), bind_int(run)), e);
}

/* ---- tuning ---- */

/* One row a point of the arm: of runs made more than once with a seed the newest counts. */
#define POINTS_SQL                                                                                           \
    "WITH wanted(seed) AS (SELECT value FROM json_each(?4)),"                                                \
    " newest(point_id, run_id, moment) AS (SELECT w.point_id, r.id,"                                         \
    "  max(r.started_at || printf('%020d', r.id)) FROM sweep_run w"                                          \
    "  JOIN run r ON r.id = w.run_id WHERE r.stage = 'run' AND r.status = 'done'"                            \
    "  AND r.seed IN (SELECT seed FROM wanted) GROUP BY w.point_id, r.seed),"                                \
    " points(number, params, runs, mean, complete) AS (SELECT p.number, p.params, count(n.run_id),"          \
    "  avg(m.value), count(m.value) = (SELECT count(*) FROM wanted) FROM sweep_point p"                      \
    "  LEFT JOIN newest n ON n.point_id = p.id"                                                              \
    "  LEFT JOIN last_metric m ON m.run_id = n.run_id AND m.name = ?3"                                       \
    "  WHERE p.sweep_id = ?1 AND p.arm = ?2 GROUP BY p.id) "

static bool choose(store *s, const store_tuning_info *t, store_choice *out, as_error *e)
{
    static const char doing[] = "cannot choose a point";
    sqlite3_stmt *q = sql_prepare(
        s, doing,
        POINTS_SQL
        "SELECT (SELECT count(*) FROM points), (SELECT total(runs) FROM points),"
        " (SELECT count(*) FROM points WHERE complete), number, params, mean"
        " FROM (SELECT 1) LEFT JOIN points ON complete ORDER BY iif(?5, -mean, mean), number LIMIT 1",
        BINDINGS(bind_int(t->sweep), bind_text(t->arm), bind_text(t->metric), bind_text(t->seeds),
                 bind_int(t->highest)),
        e);
    if (!q)
        return false;
    bool ok = sqlite3_step(q) == SQLITE_ROW || store_fail(s, e, doing);
    if (ok) {
        out->points = sqlite3_column_int(q, 0);
        out->runs = sqlite3_column_int(q, 1);
        out->complete = sqlite3_column_int(q, 2);
        out->point = sqlite3_column_int(q, 3);
        const char *params = (const char *)sqlite3_column_text(q, 4);
        out->params = params ? strdup(params) : NULL;
        out->mean = sqlite3_column_double(q, 5);
    }
    sqlite3_finalize(q);
    return ok;
}

static bool write_choice(store *s, const store_tuning_info *t, store_choice *out, as_error *e)
{
    static const char doing[] = "cannot record what was chosen";
    binding values[] = {bind_int(t->sweep),
                        bind_text(t->arm),
                        bind_text(t->metric),
                        bind_text(t->split),
                        bind_text(t->highest ? "highest mean" : "lowest mean"),
                        bind_text(t->seeds),
                        bind_int(out->points),
                        bind_int(out->runs),
                        bind_int(out->point),
                        bind_text(out->params),
                        bind_real(out->mean),
                        bind_text(t->marked)};
    if (!sql_number(s, doing,
                    "SELECT id FROM tuning WHERE id = (SELECT id FROM tuning WHERE sweep_id = ?1"
                    " AND arm = ?2 ORDER BY at DESC, id DESC LIMIT 1) AND metric = ?3 AND split = ?4 AND "
                    "rule = ?5 AND seeds = ?6"
                    " AND points = ?7 AND runs = ?8 AND point = ?9 AND params = ?10 AND mean = ?11"
                    " AND marked IS ?12",
                    values, 12, 0, &out->tuning, e))
        return false;
    return out->tuning ||
           sql_number(s, doing,
                      "INSERT INTO tuning (sweep_id, arm, metric, split, rule, seeds, points, runs, point,"
                      " params, mean, marked, at)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, " SQL_NOW ") RETURNING id",
                      values, 12, 0, &out->tuning, e);
}

bool store_tune(store *s, const store_tuning_info *t, store_choice *out, as_error *e)
{
    *out = (store_choice){0};
    if (!sql_begin(s, e))
        return false;
    bool ok = choose(s, t, out, e) && (out->complete == 0 || write_choice(s, t, out, e));
    ok = sql_end(s, ok, e);
    if (!ok) {
        free(out->params);
        out->params = NULL;
    }
    return ok;
}

/* The newest tuning whose choice the run has, else the newest: a later one that chose otherwise takes no mark
 * away. The run's value under a name is the arm's own if it has one ("arm.lr" before "lr"). */
static const char selected_sql[] =
    "WITH t AS (SELECT t.*, NOT EXISTS (SELECT 1 FROM json_each(t.params) c WHERE c.value IS NOT ("
    "    SELECT json_extract(p.value, '$') FROM param p WHERE p.run_id = ?1"
    "    AND p.name IN ('arm.' || c.key, c.key) ORDER BY length(p.name) DESC LIMIT 1)) AS used"
    "  FROM tuning t JOIN sweep w ON w.id = t.sweep_id"
    "  JOIN experiment x ON x.id = w.experiment_id, run r JOIN experiment y ON y.id = r.experiment_id"
    "  WHERE r.id = ?1 AND x.name = y.name AND t.arm = r.arm ORDER BY used DESC, t.at DESC, t.id DESC LIMIT "
    "1)"
    " SELECT t.id, used,"
    " 'selected by ' || metric || ' on seed' || iif(json_array_length(seeds) = 1, '', 's') || ' ' ||"
    "   (SELECT group_concat(value, ', ') FROM json_each(seeds)) || ', the best of ' || points ||"
    "   iif(points = 1, ' point', ' points'),"
    " ifnull(marked, (SELECT 'tuned on seed ' || seed || ', which judges too' FROM run"
    "   WHERE id = ?1 AND seed IN (SELECT value FROM json_each(seeds)))), arm FROM t";

static char *copy_text(sqlite3_stmt *q, int column)
{
    const char *text = (const char *)sqlite3_column_text(q, column);
    return text ? strdup(text) : NULL;
}

bool store_selected(store *s, int64_t run, store_selection *out, as_error *e)
{
    static const char doing[] = "cannot look for a tuning";
    *out = (store_selection){0};
    sqlite3_stmt *q = sql_prepare(s, doing, selected_sql, BINDINGS(bind_int(run)), e);
    if (!q)
        return false;
    int code = sqlite3_step(q);
    if (code == SQLITE_ROW) {
        out->tuning = sqlite3_column_int64(q, 0);
        out->used = sqlite3_column_int(q, 1);
        out->how = copy_text(q, 2);
        out->marked = copy_text(q, 3);
        out->arm = copy_text(q, 4);
    }
    sqlite3_finalize(q);
    return code == SQLITE_ROW || code == SQLITE_DONE || store_fail(s, e, doing);
}
