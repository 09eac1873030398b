/* judge DATABASE JOB...: the verdicts on experiments' claims, as rows of the database. A job is JSON:
 * {"experiment": 3, "claims": {"better": 7}, "runs": [1, 2], "trial": "--smoke"}. Each experiment has an
 * engine of its own, so that no script sees what another has loaded. */
#include "worker/worker.h"

#include "lua/job_json.h"
#include "results/claims.h"
#include "results/query.h"
#include "results/sweeps.h"

#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- from the judge's answer to rows ---- */

static const char *text_of(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
}

static double number_of(const cJSON *object, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, name);
    return cJSON_IsNumber(value) ? value->valuedouble : NAN;
}

/* One value; its runs are owned (free). */
static bool take_value(const cJSON *from, store_claim_value *v, as_error *e)
{
    const cJSON *runs = cJSON_GetObjectItemCaseSensitive(from, "runs"), *run;
    int64_t *list = calloc((size_t)cJSON_GetArraySize(runs) + 1, sizeof *list);
    if (!list)
        return error_set(e, "out of memory");
    double seed = number_of(from, "seed");
    *v = (store_claim_value){.has_seed = !isnan(seed),
                             .seed = isnan(seed) ? 0 : (int64_t)seed,
                             .label = text_of(from, "label"),
                             .value = number_of(from, "value"),
                             .runs = list};
    cJSON_ArrayForEach(run, runs) list[v->n_runs++] = (int64_t)run->valuedouble;
    return true;
}

/* ---- how the parameters of a verdict's runs were chosen ---- */

/* Whether `what` is one of the parts of the text, between "; ": what is said of arm "ce" also stands within
 * what is said of arm "bce". */
static bool is_part(const char *text, const char *what)
{
    size_t n = strlen(what);
    for (const char *at = strstr(text, what); at; at = strstr(at + 1, what)) {
        bool begins = at == text || (at - text >= 2 && strncmp(at - 2, "; ", 2) == 0);
        if (begins && (!at[n] || strncmp(at + n, "; ", 2) == 0))
            return true;
    }
    return false;
}

/* Appends `what` behind "; ", unless it is there. NULL is nothing to say. */
static bool join(char **text, const char *what)
{
    char *more = NULL;
    if (!what || !*what || (*text && is_part(*text, what)))
        return true;
    if (asprintf(&more, "%s%s%s", *text ? *text : "", *text ? "; " : "", what) < 0)
        return false;
    free(*text);
    *text = more;
    return true;
}

static bool join_for(char **text, const char *arm, const char *before, const char *what)
{
    char *line = NULL;
    if (!what || asprintf(&line, "%s%s: %s", before, arm, what) < 0)
        return !what;
    bool ok = join(text, line);
    free(line);
    return ok;
}

/* "ce: selected by val/accuracy on seed 100, the best of 6 points" into `how`; why that is no clean choice
 * into `marked`. */
static bool add_selection(store *s, int64_t run, char **how, char **marked, as_error *e)
{
    store_selection found;
    bool ok = store_selected(s, run, &found, e);
    if (ok && found.used)
        ok = (join_for(how, found.arm, "", found.how) &&
              join_for(marked, found.arm, "MARKED ", found.marked)) ||
             error_set(e, "out of memory");
    free(found.arm);
    free(found.how);
    free(found.marked);
    return ok;
}

/* Marks, the judge's sentence, what tunings chose. Owned; NULL for nothing to say. */
static bool whole_sentence(store *s, const store_verdict_info *v, char **out, as_error *e)
{
    char *how = NULL;
    bool ok = true;
    *out = NULL;
    for (size_t i = 0; ok && i < v->n_values; i++)
        for (size_t k = 0; ok && k < v->values[i].n_runs; k++)
            ok = add_selection(s, v->values[i].runs[k], &how, out, e);
    if (ok && !(join(out, v->sentence) && join(out, how)))
        ok = error_set(e, "out of memory");
    free(how);
    return ok;
}

static bool keep_verdict(store *s, const cJSON *from, as_error *e)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(from, "values"), *item;
    store_claim_value *values = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *values);
    double right = number_of(from, "right");
    store_verdict_info v = {.claim = (int64_t)number_of(from, "claim"),
                            .trial = text_of(from, "trial"),
                            .n_right = isnan(right) ? -1 : (int)right,
                            .mean = number_of(from, "mean"),
                            .low = number_of(from, "low"),
                            .high = number_of(from, "high"),
                            .right_share = number_of(from, "right_share"),
                            .sign_p = number_of(from, "sign_p"),
                            .wilcoxon_p = number_of(from, "wilcoxon_p"),
                            .rule = text_of(from, "rule"),
                            .interval = text_of(from, "interval"),
                            .outcome = text_of(from, "outcome"),
                            .sentence = text_of(from, "sentence"),
                            .values = values};
    bool ok = values || error_set(e, "out of memory");
    cJSON_ArrayForEach(item, list)
    {
        ok = ok && take_value(item, &values[v.n_values++], e);
    }
    int64_t id;
    char *sentence = NULL;
    ok = ok && whole_sentence(s, &v, &sentence, e);
    v.sentence = sentence;
    ok = ok && store_verdict(s, &v, &id, e);
    free(sentence);
    for (size_t i = 0; values && i < v.n_values; i++)
        free((void *)(uintptr_t)values[i].runs);
    free(values);
    return ok;
}

static bool keep_verdicts(store *s, const cJSON *list, as_error *e)
{
    const cJSON *item;
    bool ok = true;
    cJSON_ArrayForEach(item, list)
    {
        ok = ok && keep_verdict(s, item, e);
    }
    return ok;
}

/* ---- judging ---- */

/* (experiment, path of the database, job) -> what assay.claim.verdicts makes of them */
static int judge(lua_State *L)
{
    const cJSON *job = lua_touserdata(L, 3);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "assay.claim.verdicts");
    lua_call(L, 1, 1);
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    job_json_push(L, job);
    lua_call(L, 3, 1);
    return 1;
}

/* The script's function is at the top: runs it, judges, writes. */
static bool judge_script(engine *n, store *s, const cJSON *job, as_error *e)
{
    lua_State *L = n->L;
    bool ok = engine_call(n, 0, 1);
    if (ok) {
        lua_pushcfunction(L, judge);
        lua_insert(L, -2);
        lua_pushstring(L, store_path(s));
        lua_pushlightuserdata(L, (void *)(uintptr_t)job);
        ok = engine_call(n, 3, 1);
    }
    if (!ok)
        return error_set(e, "%s", lua_istable(L, -1) ? "the error's value is a table" : lua_tostring(L, -1));
    cJSON *verdicts = job_json_from(L, -1, e);
    ok = verdicts && keep_verdicts(s, verdicts, e);
    cJSON_Delete(verdicts);
    return ok;
}

static bool judge_one(store *s, const char *text, as_error *e)
{
    cJSON *job = cJSON_Parse(text);
    double experiment = number_of(job, "experiment");
    if (isnan(experiment)) {
        cJSON_Delete(job);
        return error_set(e, "judge: no job: \"%.60s\"; it is written by assay run", text);
    }
    const query_value id = {.type = QUERY_INTEGER, .integer = (int64_t)experiment};
    query_rows *rows = query_rows_open(s,
                                       "SELECT x.script, t.text FROM experiment x JOIN source t"
                                       " ON t.id = x.source_id WHERE x.id = ?1",
                                       &id, 1, e);
    engine n = {0};
    bool ok = rows && (query_rows_next(rows) || error_set(e, "judge: no experiment %.0f", experiment)) &&
              engine_open(&n, 0, 1, e) &&
              engine_load_text(&n, query_rows_value(rows, 0).text, query_rows_value(rows, 1).text, e);
    as_error late = {0};
    if (rows && !query_rows_close(rows, &late) && ok)
        ok = error_set(e, "%s", late.text);
    ok = ok && judge_script(&n, s, job, e);
    engine_close(&n);
    cJSON_Delete(job);
    return ok;
}

int mode_judge(int argc, char **argv)
{
    if (argc < 2)
        return worker_say(WORKER_MISUSE, "usage: assay-worker judge DATABASE JOB...");
    as_error e = {0};
    store *s = store_open(argv[0], STORE_WRITE, &e);
    int code = s ? WORKER_OK : worker_say(WORKER_FAILED, "%s", e.text);
    for (int i = 1; s && i < argc; i++) {
        e = (as_error){0};
        if (!judge_one(s, argv[i], &e)) /* the others do not suffer from it */
            code = worker_say(WORKER_FAILED, "%s", e.text);
    }
    store_close(s);
    return code;
}
