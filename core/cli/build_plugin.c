#include "cli/build.h"

#include "base/folder.h"
#include "base/source_hash.h"
#include "supervisor/process.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const cpp_endings[] = {".cc", ".cpp", ".cxx"};

static bool ends_with(const char *path, const char *ending)
{
    size_t n = strlen(path), end = strlen(ending);
    return n > end && strcmp(path + n - end, ending) == 0;
}

static bool is_cpp(const char *path)
{
    for (size_t i = 0; i < COUNT_OF(cpp_endings); i++)
        if (ends_with(path, cpp_endings[i]))
            return true;
    return false;
}

bool build_is_source(const char *path)
{
    return ends_with(path, ".c") || is_cpp(path);
}

static const char *compiler_of(const char *source, const char *cc)
{
    bool cpp = is_cpp(source);
    const char *named = cc ? cc : getenv(cpp ? "CXX" : "CC");
    return named && *named ? named : cpp ? "c++" : "cc";
}

static bool compile(const char *cc, const char *source, const char *out, as_error *e)
{
    path_text headers;
    char hash[HASH_TEXT], define[HASH_TEXT + 32], include[PATH_MAX + 2];
    if (!source_hash(source, hash, NULL, e) || !path_of_headers(headers, e))
        return false;
    snprintf(define, sizeof define, "-DAS_SOURCE_HASH=\"%s\"", hash); /* no shell: the quotes are C's */
    snprintf(include, sizeof include, "-I%s", headers);
    const char *argv[28] = {cc,      "-O2",     "-g",       "-fPIC", "-shared", "-fvisibility=hidden",
                            "-Wall", "-Wextra", "-Wshadow", include, define};
    size_t n = 11;
    argv[n++] = is_cpp(source) ? "-std=c++20" : "-std=c11";
    if (!is_cpp(source)) { /* errors in C++: a misspelt call, a tensor in a number's place */
        argv[n++] = "-Werror=implicit-function-declaration";
        argv[n++] = "-Werror=int-conversion";
        argv[n++] = "-Werror=incompatible-pointer-types";
    } else {
        argv[n++] = "-fno-exceptions"; /* none may cross the border */
        argv[n++] = "-fno-rtti";
    }
    if (*ASSAY_SANITIZE) /* a sanitized host loads plugins of its own kind only */
        argv[n++] = "-fsanitize=" ASSAY_SANITIZE;
    argv[n++] = "-o";
    argv[n++] = out;
    argv[n++] = source;
    argv[n++] = "-lm";
    int code = process_run(argv, e);
    if (code > 0)
        error_set(e, "%s: not built: %s exited with code %d", source, cc, code);
    return code == 0;
}

/* ---- what came out ---- */

typedef struct {
    char kind[32], name[64];
    bool several;
} contents;

/* Asks the engine, in a process of its own, what the file holds: a descriptor that is not in order is said
 * here and not at its first use. */
static bool look_into(const char *source, const char *file, contents *found, as_error *e)
{
    path_text worker;
    char *out, *err;
    const char *end = NULL;
    int status;
    if (!path_of_worker(worker, e) ||
        !process_capture((const char *[]){worker, "plugins", "show", file, "--json", NULL}, -1, &out, &err,
                         &status, e))
        return false;
    cJSON *row = status == 0 ? cJSON_ParseWithOpts(out, &end, false) : NULL;
    if (row) {
        snprintf(found->kind, sizeof found->kind, "%s",
                 cJSON_GetStringValue(cJSON_GetObjectItem(row, "kind")));
        snprintf(found->name, sizeof found->name, "%s",
                 cJSON_GetStringValue(cJSON_GetObjectItem(row, "name")));
        found->several = strchr(end, '{') != NULL;
    } else {
        size_t n = strlen(file);
        err[strcspn(err, "\n")] = 0;
        error_set(e, "%s: %s", source, strncmp(err, file, n) == 0 && err[n] == ':' ? err + n + 2 : err);
    }
    cJSON_Delete(row);
    free(out);
    free(err);
    return row != NULL;
}

/* ---- where it goes ---- */

static bool is_kind(const char *word, size_t n)
{
    static const char *const kinds[] = {"losses", "heads",  "samplers", "hooks",   "distillers",
                                        "soups",  "scores", "adapters", "datasets"};
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (strlen(kinds[i]) == n && memcmp(kinds[i], word, n) == 0)
            return true;
    return false;
}

/* "plugins/losses/x.c": the folder's length, and where its last part begins; 0 for no folder. */
static int folder_of(const char *path, const char **last)
{
    const char *slash = strrchr(path, '/');
    int n = slash ? (int)(slash - path) : 0;
    *last = path + n;
    while (*last > path && (*last)[-1] != '/')
        --*last;
    return n;
}

static bool choose_goal(const char *source, const contents *found, path_text goal, as_error *e)
{
    const char *last, *base = strrchr(source, '/') ? strrchr(source, '/') + 1 : source;
    int folder = folder_of(source, &last), stem = (int)(strrchr(base, '.') - base);
    size_t length = (size_t)(source + folder - last);
    if (folder > 0 && is_kind(last, length)) {
        if (strlen(found->kind) != length || memcmp(found->kind, last, length) != 0)
            return error_set(e, "%s: holds %s/%s, which is found in a folder %s only", source, found->kind,
                             found->name, found->kind);
        return snprintf(goal, PATH_MAX, "%.*s/%.*s.so", folder, source, stem, base) < PATH_MAX ||
               error_set(e, "%s: the path is too long", source);
    }
    snprintf(goal, PATH_MAX, "plugins/%s", found->kind);
    if (!folder_make(goal, e))
        return false;
    if (found->several)
        snprintf(goal, PATH_MAX, "plugins/%s/%.*s.so", found->kind, stem, base);
    else
        snprintf(goal, PATH_MAX, "plugins/%s/%s.so", found->kind, found->name);
    return true;
}

/* A name beside the goal that no search lists; without a goal yet, beside the source. */
static bool temporary_name(const char *source, const char *out, path_text name, as_error *e)
{
    const char *near = out ? out : source, *last;
    int folder = folder_of(near, &last);
    int n =
        snprintf(name, PATH_MAX, "%.*s%s.assay-%ld.so", folder, near, folder ? "/" : "./", (long)getpid());
    return n < PATH_MAX || error_set(e, "%s: the path is too long", near);
}

/* Whoever loads the goal meanwhile sees the old file or the new one, whole. */
bool build_plugin(const char *source, const char *out, const char *cc, path_text goal, as_error *e)
{
    path_text temporary;
    contents found;
    if (!temporary_name(source, out, temporary, e))
        return false;
    bool ok =
        compile(compiler_of(source, cc), source, temporary, e) && look_into(source, temporary, &found, e);
    if (ok && out)
        snprintf(goal, PATH_MAX, "%s", out);
    else
        ok = ok && choose_goal(source, &found, goal, e);
    if (ok && rename(temporary, goal) != 0)
        ok = error_set(e, "cannot write %s: %s", goal, strerror(errno));
    if (!ok)
        unlink(temporary);
    return ok;
}
