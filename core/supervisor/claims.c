/* An experiment's claims: written down before its first run, judged when its runs are done. */
#include "results/claims.h"
#include "supervisor/process.h"
#include "supervisor/session.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

static const char *text_of(const cJSON *claim, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(claim, name));
}

static double number_of(const cJSON *claim, const char *name)
{
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(claim, name);
    return cJSON_IsNumber(value) ? value->valuedouble : NAN;
}

static int count_of(const cJSON *claim, const char *name)
{
    double value = number_of(claim, name);
    return isnan(value) ? 0 : (int)value;
}

static bool flag_of(const cJSON *claim, const char *name)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(claim, name));
}

static bool record(session *s, const cJSON *claim, as_error *e)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(claim, "parts");
    char *parts = list ? cJSON_PrintUnformatted(list) : NULL, *change = NULL;
    store_claim_info info = {
        .experiment = s->experiment,
        .name = text_of(claim, "name"),
        .statement = text_of(claim, "statement"),
        .paper_says = text_of(claim, "paper_says"),
        .kind = text_of(claim, "kind"),
        .side = text_of(claim, "side"),
        .pooled = flag_of(claim, "pooled"),
        .or_equal = flag_of(claim, "or_equal"),
        .null_value = number_of(claim, "null_value"),
        .center = text_of(claim, "center"),
        .least_mean = number_of(claim, "least_mean"),
        .least_seeds = count_of(claim, "least_seeds"),
        .of_seeds = count_of(claim, "of_seeds"),
        .least_share = number_of(claim, "least_share"),
        .method = text_of(claim, "method"),
        .parts = parts,
        .source = text_of(claim, "source"),
    };
    int64_t id;
    bool ok = info.name && info.source && store_claim(s->store, &info, &id, &change, e);
    if (ok && change)
        progress_say(&s->progress, "claim %s is another than before: %s", info.name, change);
    if (ok)
        cJSON_AddNumberToObject(s->claim_ids, info.name, (double)id);
    else
        error_set(e, "the planner's answer has a claim without a name or source");
    free(change);
    cJSON_free(parts);
    return ok;
}

bool claims_record(session *s, as_error *e)
{
    s->claim_ids = cJSON_CreateObject();
    bool ok = s->claim_ids || error_set(e, "out of memory");
    const cJSON *claim;
    cJSON_ArrayForEach(claim, s->plan.claims)
    {
        ok = ok && record(s, claim, e);
    }
    s->outcome->claims = cJSON_GetArraySize(s->plan.claims);
    s->outcome->experiment = s->experiment;
    return ok;
}

bool claims_job(session *s, as_error *e)
{
    const supervisor_outcome *o = s->outcome;
    if (o->claims == 0 || o->done + o->skipped < o->planned)
        return true;
    cJSON *job = cJSON_CreateObject(), *runs = cJSON_AddArrayToObject(job, "runs");
    cJSON_AddNumberToObject(job, "experiment", (double)s->experiment);
    cJSON_AddItemToObject(job, "claims", cJSON_Duplicate(s->claim_ids, true));
    if (s->plan.trial) {
        cJSON_AddStringToObject(job, "trial", s->plan.trial);
        s->outcome->trial = strdup(s->plan.trial);
        if (!s->outcome->trial) {
            cJSON_Delete(job);
            return error_set(e, "out of memory");
        }
    }
    for (int i = 0; i < s->n_items; i++)
        cJSON_AddItemToArray(runs, cJSON_CreateNumber((double)s->items[i].run));
    char *text = cJSON_PrintUnformatted(job);
    cJSON_Delete(job);
    s->outcome->judge = text ? strdup(text) : NULL;
    cJSON_free(text);
    return s->outcome->judge || error_set(e, "out of memory");
}

/* The judging process ended with `status`, having said `said`. */
static bool judged(int status, char *said, as_error *e)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    size_t n = strlen(said);
    while (n > 0 && said[n - 1] == '\n')
        said[--n] = 0;
    char name[32];
    if (WIFSIGNALED(status))
        return error_set(e, "claims cannot be judged: the worker was killed by %s%s%s",
                         process_signal_name(WTERMSIG(status), name, sizeof name), n ? ": " : "", said);
    return error_set(e, "%s", n ? said : "claims cannot be judged: the worker said nothing");
}

bool supervisor_judge(const char *db, char *const *jobs, size_t n, as_error *e)
{
    path_text program;
    const char **argv = calloc(n + 4, sizeof *argv);
    bool ok = argv ? path_of_worker(program, e) : error_set(e, "out of memory");
    if (ok) {
        argv[0] = program;
        argv[1] = "judge";
        argv[2] = db;
        for (size_t i = 0; i < n; i++)
            argv[3 + i] = jobs[i];
        char *out, *said;
        int status;
        ok = process_capture(argv, -1, &out, &said, &status, e);
        if (ok) {
            ok = judged(status, said, e);
            free(out);
            free(said);
        }
    }
    free(argv);
    return ok;
}
