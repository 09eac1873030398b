/* What has changed between a planned run and one that was made before. */
#include "supervisor/fate.h"

#include "results/query.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Appends "; TEXT", cut to the room. */
static void add(char *out, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));

static void add(char *out, size_t size, const char *format, ...)
{
    size_t at = strlen(out);
    if (at > 0 && at + 2 < size)
        at += (size_t)snprintf(out + at, size - at, "; ");
    va_list args;
    va_start(args, format);
    vsnprintf(out + at, size - at, format, args);
    va_end(args);
}

/* ---- a planned run against an earlier one ---- */

/* {"arm.loss.params.lam": "2"}: values as the table param spells them, under its names. */
static bool flatten(cJSON *out, const char *prefix, const cJSON *object)
{
    const cJSON *member;
    cJSON_ArrayForEach(member, object)
    {
        char name[512];
        snprintf(name, sizeof name - 1, "%s%s", prefix, member->string);
        bool ok;
        if (cJSON_IsObject(member) && member->child) {
            ok = flatten(out, strcat(name, "."), member);
        } else {
            char *text = cJSON_PrintUnformatted(member);
            ok = text && cJSON_AddStringToObject(out, name, text);
            cJSON_free(text);
        }
        if (!ok)
            return false;
    }
    return true;
}

/* ?1 experiment, ?2 arm, ?3 seed, ?4 its flat parameters, ?5 the sweep's values, ?6 the script's hash: one
 * row a difference to the run with the fewest of them, of equals to the newest. */
static const char differences_sql[] =
    "WITH now(name, value) AS (SELECT key, value FROM json_each(?4)),"
    " candidate(id) AS (SELECT r.id FROM run r JOIN experiment x ON x.id = r.experiment_id WHERE x.name = ?1"
    "  AND r.arm = ?2 AND r.seed IS ?3 AND r.status = 'done' AND NOT EXISTS (SELECT 1 FROM json_each(?5) v"
    "   WHERE v.value IS NOT (SELECT json_extract(p.value, '$') FROM param p WHERE p.run_id = r.id"
    "   AND p.name = v.key)) ORDER BY r.id DESC LIMIT 100),"
    " nearest(id) AS (SELECT id FROM candidate ORDER BY (SELECT count(*) FROM now WHERE now.value IS NOT"
    "   (SELECT p.value FROM param p WHERE p.run_id = candidate.id AND p.name = now.name))"
    "   + (SELECT count(*) FROM param p WHERE p.run_id = candidate.id AND p.name NOT IN"
    "   (SELECT name FROM now)), id DESC LIMIT 1)"
    " SELECT n.id, 'script' FROM nearest n JOIN run r USING (id) JOIN experiment x ON x.id = r.experiment_id"
    "  JOIN source s ON s.id = x.source_id WHERE s.sha256 <> ?6"
    " UNION ALL SELECT n.id, now.name || ' ' || ifnull(p.value, '(none)') || ' -> ' || now.value"
    "  FROM nearest n CROSS JOIN now LEFT JOIN param p ON p.run_id = n.id AND p.name = now.name"
    "  WHERE p.value IS NOT now.value"
    " UNION ALL SELECT n.id, p.name || ' ' || p.value || ' -> (none)' FROM nearest n JOIN param p"
    "  ON p.run_id = n.id WHERE p.name NOT IN (SELECT name FROM now)"
    " UNION ALL SELECT n.id, u.kind || '/' || u.name FROM nearest n JOIN plugin_use u ON u.run_id = n.id"
    "  JOIN json_each(?7) w ON u.kind || '/' || u.name = w.key WHERE u.source_hash <> w.value"
    " UNION ALL SELECT id, '' FROM nearest";

static cJSON *plugin_sources(const plan *p)
{
    cJSON *out = cJSON_CreateObject();
    const cJSON *plugin;
    cJSON_ArrayForEach(plugin, p->plugins)
    {
        char name[256];
        const char *kind = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plugin, "kind"));
        const char *word = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plugin, "name"));
        const char *hash = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(plugin, "source_hash"));
        snprintf(name, sizeof name, "%s/%s", kind ? kind : "", word ? word : "");
        cJSON_AddStringToObject(out, name, hash ? hash : "");
    }
    return out;
}

static query_value text_value(const char *text)
{
    return (query_value){.type = QUERY_TEXT, .text = text};
}

static bool read_differences(session *s, const item *it, const char *const json[3], char *out, size_t size,
                             as_error *e)
{
    char script[HASH_TEXT], found[400] = "";
    hash_bytes(s->plan.source, strlen(s->plan.source), script);
    query_value seed = {.type = QUERY_NULL};
    if (it->seed)
        seed = (query_value){.type = QUERY_INTEGER, .integer = (int64_t)it->seed->valuedouble};
    const query_value values[] = {
        text_value(s->plan.name),
        text_value(cJSON_GetObjectItemCaseSensitive(it->arm, "name")->valuestring),
        seed,
        text_value(json[0]),
        text_value(json[1]),
        text_value(script),
        text_value(json[2]),
    };
    query_rows *rows = query_rows_open(s->store, differences_sql, values, sizeof values / sizeof *values, e);
    int64_t run = 0;
    while (rows && query_rows_next(rows)) {
        run = query_rows_value(rows, 0).integer;
        const char *text = query_rows_value(rows, 1).text;
        if (*text)
            add(found, sizeof found, "%s", text);
    }
    if (!rows || !query_rows_close(rows, e))
        return false;
    if (run && !*found) /* what else an identity is made of */
        snprintf(found, sizeof found, "%s", it->seed ? "another arm's plugin" : "the runs it pools");
    if (run)
        snprintf(out, size, "not as run %" PRId64 ": %s", run, found);
    return true;
}

bool changes_since(session *s, const item *it, char *out, size_t size, as_error *e)
{
    *out = 0;
    cJSON *flat = cJSON_CreateObject(), *plugins = plugin_sources(&s->plan);
    bool ok = flatten(flat, "", it->params) &&
              flatten(flat, "arm.", cJSON_GetObjectItemCaseSensitive(it->arm, "config"));
    char *json[3] = {cJSON_PrintUnformatted(flat),
                     it->values ? cJSON_PrintUnformatted(it->values) : strdup("{}"),
                     cJSON_PrintUnformatted(plugins)};
    ok = (ok && json[0] && json[1] && json[2]) || error_set(e, "out of memory");
    ok = ok && read_differences(s, it, (const char *const *)json, out, size, e);
    for (int i = 0; i < 3; i++)
        free(json[i]);
    cJSON_Delete(flat);
    cJSON_Delete(plugins);
    return ok;
}

/* ---- builds ---- */

enum { BUILD_COLUMNS = 7 };

/* What of a build's row is not as the plan says: the first difference is told. */
static void tell_build(query_rows *rows, const cJSON *now, char *out, size_t size)
{
    for (int i = 0; i < BUILD_COLUMNS && !*out; i++) {
        const char *name = query_rows_name(rows, i), *was = query_rows_value(rows, i).text;
        const char *is = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(now, name));
        bool dirty = strcmp(name, "dirty_diff") == 0;
        char hash[HASH_TEXT];
        if (dirty && was) {
            hash_bytes(was, strlen(was), hash);
            was = hash;
        }
        if ((!was && !is) || (was && is && strcmp(was, is) == 0))
            continue;
        if (dirty)
            snprintf(out, size, "uncommitted changes of Assay");
        else
            snprintf(out, size, "%s %.12s, now %.12s", name, was ? was : "unknown", is ? is : "unknown");
        for (char *c = out; *c && *c != ' '; c++)
            if (*c == '_')
                *c = ' ';
    }
}

/* Whether Lua files of assay's own, "PATH SHA256" a line, are others now. */
static bool files_differ(char *files)
{
    char *rest = files, *line;
    while ((line = strsep(&rest, "\n"))) {
        char *hash = strrchr(line, ' '), now[HASH_TEXT];
        as_error unreadable = {0};
        if (!hash)
            continue;
        *hash++ = 0;
        if (!hash_file(line, now, &unreadable) || strcmp(now, hash) != 0)
            return true;
    }
    return false;
}

/* Runs of one build have the same files: they are read once. */
static bool own_files_differ(session *s, const char *files)
{
    if (!files || (s->own_files && strcmp(s->own_files, files) == 0))
        return files && s->own_changed;
    char *copy = strdup(files);
    free(s->own_files);
    s->own_files = strdup(files);
    s->own_changed = copy && files_differ(copy);
    free(copy);
    return s->own_changed;
}

bool changes_of_build(session *s, int64_t run, char *out, size_t size, as_error *e)
{
    *out = 0;
    if (!s->plan.build) /* a run that is repeated has no plan of now */
        return true;
    query_value id = {.type = QUERY_INTEGER, .integer = run};
    query_rows *rows = query_rows_open(s->store,
                                       "SELECT version, git_commit, dirty_diff, compiler, build_type, blas,"
                                       " blas_kernel, (SELECT group_concat(u.path || ' ' || s.sha256,"
                                       " char(10)) FROM run_source u JOIN source s ON s.id = u.source_id"
                                       " WHERE u.run_id = ?1 AND u.own = 1) FROM build WHERE id ="
                                       " (SELECT build_id FROM run WHERE id = ?1)",
                                       &id, 1, e);
    if (!rows)
        return false;
    if (query_rows_next(rows)) {
        tell_build(rows, s->plan.build, out, size);
        if (!*out && own_files_differ(s, query_rows_value(rows, BUILD_COLUMNS).text))
            snprintf(out, size, "files of lua/assay");
    }
    return query_rows_close(rows, e);
}
