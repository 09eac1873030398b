/* run JOB.json: makes one run and writes its end. A run that has ended before is rehearsed: nothing is
 * written to the database, its files go to a temporary folder. */
#include "worker/worker.h"

#include "base/breadcrumb.h"
#include "lua/host.h"
#include "lua/job_json.h"
#include "lua/run_session.h"
#include "plugin/load.h"
#include "worker/facts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    cJSON *json;
    const char *script, *db;
    int threads;
    double memory_limit; /* bytes, 0: none */
} job;

/* ---- the job ---- */

static char *read_file(const char *path, as_error *e)
{
    FILE *f = fopen(path, "re");
    char *text = NULL;
    size_t size = 0, room = 0;
    while (f && !feof(f) && !ferror(f)) {
        if (size + 1 >= room) {
            char *more = realloc(text, room = room ? room * 2 : 4096);
            if (!more)
                break;
            text = more;
        }
        size += fread(text + size, 1, room - size - 1, f);
    }
    bool ok = f && feof(f) && text;
    if (!ok)
        error_set(e, "cannot read %s: %s", path, strerror(errno));
    if (f)
        fclose(f);
    if (!ok) {
        free(text);
        return NULL;
    }
    text[size] = 0;
    return text;
}

static const char *text_of(const job *j, const char *path, const char *name, as_error *e)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(j->json, name));
    if (!text)
        error_set(e, "%s: no text \"%s\"; a job is written by assay run", path, name);
    return text;
}

static double number_of(const job *j, const char *name, double fallback)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(j->json, name);
    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

static bool take_members(const job *j, run_session *s, as_error *e)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(j->json, "members"), *item;
    s->members = calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *s->members);
    if (!s->members)
        return error_set(e, "out of memory");
    cJSON_ArrayForEach(item, list) s->members[s->n_members++] = (int64_t)item->valuedouble;
    return true;
}

static bool take_session(const job *j, const char *path, run_session *s, as_error *e)
{
    const char *arm = text_of(j, path, "arm", e), *stage = text_of(j, path, "stage", e);
    const char *uuid = text_of(j, path, "uuid", e), *artifacts = text_of(j, path, "artifacts", e);
    const cJSON *seed = cJSON_GetObjectItemCaseSensitive(j->json, "seed");
    if (e->text[0])
        return false;
    s->id = (int64_t)number_of(j, "run", 0);
    s->attempt = (int)number_of(j, "attempt", 1);
    s->has_seed = cJSON_IsNumber(seed);
    s->seed = s->has_seed ? (int64_t)seed->valuedouble : 0;
    snprintf(s->stage, sizeof s->stage, "%s", stage);
    snprintf(s->uuid, sizeof s->uuid, "%s", uuid);
    s->arm = strdup(arm);
    s->artifacts = strdup(artifacts);
    s->crumb = breadcrumb_here();
    return (s->arm && s->artifacts) ? take_members(j, s, e) : error_set(e, "out of memory");
}

static bool read_job(const char *path, job *j, run_session *s, as_error *e)
{
    char *text = read_file(path, e);
    if (!text)
        return false;
    j->json = cJSON_Parse(text);
    free(text);
    if (!cJSON_IsObject(j->json))
        return error_set(e, "%s: no JSON object; a job is written by assay run", path);
    j->db = text_of(j, path, "db", e);
    j->script = text_of(j, path, "script", e);
    j->threads = (int)number_of(j, "threads", 0);
    j->memory_limit = number_of(j, "memory_limit", 0);
    return take_session(j, path, s, e);
}

/* ---- the database ---- */

/* Opens it, or turns the session into a rehearsal. */
static bool open_store(const job *j, run_session *s, as_error *e)
{
    s->store = store_open(engine_short_path(j->db), STORE_WRITE, e);
    const char *status = NULL;
    bool mine;
    if (!s->store || !store_take_run(s->store, s->id, s->attempt, &mine, e))
        return false;
    if (mine)
        return true;
    if (!store_run_status(s->store, s->id, &status, e))
        return false;
    if (getenv(BREADCRUMB_FD_ENV)) /* of a supervisor, who has died since: another may be making it anew */
        return error_set(e, "run %lld was taken for lost before it began; nothing is done", (long long)s->id);
    store_close(s->store);
    s->store = NULL;
    const char *base = getenv("TMPDIR");
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/assay-XXXXXX", base && *base ? base : "/tmp");
    if (!mkdtemp(folder))
        return error_set(e, "cannot make %s: %s", folder, strerror(errno));
    free(s->artifacts);
    s->artifacts = strdup(folder);
    worker_say(0, "run %lld ended before (%s): repeating it without writing to the database, files go to %s",
               (long long)s->id, status, folder);
    return s->artifacts || error_set(e, "out of memory");
}

static bool watch(engine *n, run_session *s, as_error *e)
{
    store_build_info build;
    facts_build(&build);
    return run_session_watch(s, &n->sources, &build, e);
}

/* ---- the run ---- */

/* (experiment, session, job) -> calls assay.experiment's execute */
static int execute(lua_State *L)
{
    run_session *s = lua_touserdata(L, 2);
    const job *j = lua_touserdata(L, 3);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "assay.experiment");
    lua_call(L, 1, 1);
    lua_getfield(L, -1, "is");
    lua_pushvalue(L, 1);
    lua_call(L, 1, 1);
    if (!lua_toboolean(L, -1))
        return luaL_error(L, "%s: the script returned %s, no experiment", engine_short_path(j->script),
                          luaL_typename(L, 1));
    lua_pop(L, 1);
    lua_getfield(L, -1, "execute");
    lua_pushvalue(L, 1);
    run_module_push(L, s);
    job_json_push(L, j->json);
    lua_call(L, 3, 0);
    return 0;
}

/* What makes this run slower than it need be: told, and an event of the run. */
static bool warn(run_session *s, as_error *e)
{
    char text[512];
    if (!facts_blas_warning(text, sizeof text))
        return true;
    worker_say(0, "%s", text);
    return !s->store || store_event(s->store, s->id, s->attempt, -1, "warning", text, e);
}

/* The same of a plugin: one that is older than its source, or hides another. */
static void warn_of_plugin(void *self, const char *text)
{
    run_session *s = self;
    worker_say(0, "assay: %s", text);
    if (s->store)
        store_event(s->store, s->id, s->attempt, -1, "warning", text, &s->trouble);
}

/* NULL when all went well, else the text at the top of the stack or in `e`. */
static const char *run_job(engine *n, const job *j, run_session *s, as_error *e)
{
    bool missing;
    load_on_warning(warn_of_plugin, s);
    bool loaded = engine_load(n, j->script, &missing, e);
    if (!watch(n, s, e) || !warn(s, e) || !loaded) /* what could not be compiled is on record, too */
        return e->text;
    lua_State *L = n->L;
    if (!engine_call(n, 0, 1))
        return lua_istable(L, -1) ? "the error's value is a table" : lua_tostring(L, -1);
    lua_pushcfunction(L, execute);
    lua_insert(L, -2);
    lua_pushlightuserdata(L, s);
    lua_pushlightuserdata(L, (void *)(uintptr_t)j);
    if (!engine_call(n, 3, 0))
        return lua_istable(L, -1) ? "the error's value is a table" : lua_tostring(L, -1);
    return s->trouble.text[0] ? s->trouble.text : NULL;
}

/* A text that begins with no place gets the script's name in front. */
static const char *with_place(lua_State *L, const char *script, const char *text)
{
    const char *colon = strchr(text, ':');
    if (colon && colon[1] >= '0' && colon[1] <= '9')
        return text;
    const char *name = engine_short_path(script);
    if (strncmp(text, name, strlen(name)) == 0)
        return text;
    return lua_pushfstring(L, "%s: %s", name, text);
}

static int finish(engine *n, const job *j, run_session *s, const char *problem)
{
    as_error e = {0};
    limit_lift();
    if (problem) {
        problem = with_place(n->L, j->script, problem);
        if (!getenv(BREADCRUMB_FD_ENV)) /* a supervisor says it, with the run's number */
            worker_say(0, "%s", problem);
    }
    fflush(stdout);
    run_session_unwatch(s, &n->sources);
    if (!s->store)
        rmdir(s->artifacts); /* a rehearsal that kept no file */
    const char *status = !problem ? "done" : limit_was_met(problem) ? "out_of_memory" : "failed";
    if (!run_session_finish(s, status, problem, &e))
        return worker_say(WORKER_MISUSE, "%s", e.text);
    return problem ? WORKER_FAILED : WORKER_OK;
}

static int make_run(const job *j, run_session *s)
{
    engine n = {0};
    as_error e = {0};
    int code;
    bool up = engine_open(&n, (uint64_t)s->seed, j->threads, &e);
    limit_memory(j->memory_limit);
    if (up)
        code = finish(&n, j, s, run_job(&n, j, s, &e));
    else
        code = worker_say(WORKER_MISUSE, "%s", e.text);
    engine_close(&n);
    return code;
}

int mode_run(int argc, char **argv)
{
    if (argc != 1)
        return worker_say(WORKER_MISUSE, "usage: assay-worker run JOB.json");
    job j = {0};
    run_session s = {0};
    as_error e = {0};
    int code;
    if (read_job(argv[0], &j, &s, &e) && open_store(&j, &s, &e))
        code = make_run(&j, &s);
    else
        code = worker_say(WORKER_MISUSE, "%s", e.text);
    store_close(s.store);
    run_session_free(&s);
    cJSON_Delete(j.json);
    return code;
}
