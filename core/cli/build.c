/* assay build FILE.c: one plugin outside the tree, compiled as the tree compiles its own. */
#include "cli/cli.h"

#include "base/hash.h"
#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <errno.h>
#include <sys/stat.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct {
    const char *out, *cc;
    bool watch;
} given;

static const option options[] = {
    {"output", 'o', OPTION_TEXT, &given.out, "OUT.so",
     "where the plugin goes; beside the source if not given"},
    {"watch", 'w', OPTION_FLAG, &given.watch, NULL, "build again whenever the source changes; ^C ends it"},
    {"cc", 0, OPTION_TEXT, &given.cc, "CC", "the compiler (else $CC, else cc)"},
};

/* FILE.c -> FILE.so */
static bool default_output(const char *source, path_text out, as_error *e)
{
    size_t stem = strlen(source) - strlen(".c");
    if (snprintf(out, PATH_MAX, "%.*s.so", (int)stem, source) >= PATH_MAX)
        return error_set(e, "%s: the path is too long", source);
    return true;
}

static bool compile(const char *cc, const char *source, const char *out, as_error *e)
{
    path_text headers;
    char hash[HASH_TEXT], define[HASH_TEXT + 32], include[PATH_MAX + 2];
    if (!hash_file(source, hash, e) || !path_of_headers(headers, e))
        return false;
    snprintf(define, sizeof define, "-DAS_SOURCE_HASH=\"%s\"", hash); /* no shell: the quotes are C's */
    snprintf(include, sizeof include, "-I%s", headers);
    const char *argv[24] = {
        cc,      "-std=c11", "-O2",      "-g",    "-fPIC", "-shared", "-fvisibility=hidden",
        "-Wall", "-Wextra",  "-Wshadow", include, define};
    size_t n = 12;
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

/* Compiles beside the goal and renames: whoever loads OUT meanwhile sees the old file or the new one, whole.
 */
static bool build(const char *source, as_error *e)
{
    path_text out, temporary;
    const char *cc = given.cc ? given.cc : getenv("CC");
    if (!cc || !*cc)
        cc = "cc";
    if (given.out)
        snprintf(out, sizeof out, "%s", given.out);
    else if (!default_output(source, out, e))
        return false;
    if (snprintf(temporary, sizeof temporary, "%s.%ld.tmp", out, (long)getpid()) >= (int)sizeof temporary)
        return error_set(e, "%s: the path is too long", out);
    bool ok = compile(cc, source, temporary, e);
    if (ok && rename(temporary, out) != 0)
        ok = error_set(e, "cannot write %s: %s", out, strerror(errno));
    if (!ok)
        unlink(temporary);
    else
        printf("%s\n", out);
    return ok;
}

/* Nanoseconds of the last change; 0 while an editor replaces the file. */
static long long changed(const char *source)
{
    struct stat s;
    if (stat(source, &s) != 0)
        return 0;
    return (long long)s.st_mtim.tv_sec * 1000000000 + s.st_mtim.tv_nsec;
}

/* Builds, then after every change; a failure is told and waits for the next one. Does not return. */
static void watch(const char *source)
{
    for (long long built = -1;;) {
        long long now = changed(source);
        as_error e = {0};
        if (now != 0 && now != built) {
            built = now;
            if (!build(source, &e))
                command_failed(&e);
            fflush(stdout);
        }
        usleep(200000);
    }
}

static int run(const command *self, int argc, char **argv)
{
    option_list files = {0};
    int code = EXIT_USAGE;
    as_error e = {0};
    if (command_read(self, argc, argv, &files)) {
        size_t length = files.n == 1 ? strlen(files.item[0]) : 0;
        if (files.n != 1)
            code = command_misused(self, "needs one C file, got %zu; example: %s", files.n, self->example);
        else if (length < 3 || strcmp(files.item[0] + length - 2, ".c") != 0)
            code = command_misused(self, "%s: expected a C file, NAME.c", files.item[0]);
        else if (given.watch)
            watch(files.item[0]);
        else
            code = build(files.item[0], &e) ? EXIT_OK : command_failed(&e);
    }
    option_list_free(&files);
    return code;
}

const command command_build = {
    .name = "build",
    .doc = "compile one plugin outside the source tree",
    .operands = "FILE.c",
    .example = "assay build losses/poly1.c",
    .more = "Prints the file it made. A plugin is found as KIND/NAME.so: assay build losses/poly1.c, then\n"
            "ASSAY_PLUGIN_PATH=$PWD makes it losses/poly1. To link a library, call the compiler yourself:\n"
            "cc -shared -fPIC $(pkg-config --cflags assay) x.c -o x.so\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
