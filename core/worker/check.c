/* check SECONDS KIND/NAME | FILE | --spec SPEC.LUA FILE: the conformance check of one plugin or of all in
 * one file. Prints lines for `assay plugins check`, each a word and a text: plugin, version, hash, path,
 * stops, begin, pass, fail, left, end. A plugin that dies takes only this process along; what was begun last
 * is what it died in. */
#include "worker/worker.h"

#include "check/check.h"
#include "tensor/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *lines; /* our stdout; a plugin's own printf goes to stderr */

static void begin(void *self, const char *check)
{
    (void)self;
    fprintf(lines, "begin %s\n", check);
    fflush(lines);
}

static void end(void *self, const char *check, check_result result, const char *text)
{
    static const char *const words[] = {"pass", "fail", "left"};
    (void)self;
    fprintf(lines, "%s %s: ", words[result], check);
    for (; *text; text++)
        fputc(*text == '\n' ? ' ' : *text, lines);
    fprintf(lines, "\n");
    fflush(lines);
}

static bool check_one(as_ctx *c, plugin *p, as_error *e)
{
    const char *hash = load_source_hash(p, e);
    if (!hash)
        return false;
    fprintf(lines, "plugin %s\nversion %s\nhash %s\npath %s\n", p->name, p->d.version, hash, p->module->path);
    for (int k = 0; k < p->signature->out_count; k++)
        if (p->signature->out[k].stops)
            fprintf(lines, "stops gradients\n");
    fflush(lines);
    check_plugin(c, p, &(check_sink){NULL, begin, end});
    fprintf(lines, "end %s\n", p->name);
    fflush(lines);
    return true;
}

static bool check_named(as_ctx *c, const char *what, as_error *e)
{
    const char *dot = strrchr(what, '.');
    if (dot && (strcmp(dot, ".c") == 0 || strcmp(dot, ".cc") == 0))
        return error_set(e, "%s is the source: assay build %s, then check the .so beside it", what, what);
    if (!dot || (strcmp(dot, ".so") != 0 && strcmp(dot, ".lua") != 0)) {
        plugin *p = load_plugin_named(what, e);
        return p && check_one(c, p, e);
    }
    module *m = load_file(what, e);
    bool good = m != NULL;
    for (int k = 0; good && k < m->count; k++)
        good = check_one(c, &m->list[k], e);
    return good;
}

int mode_check(int argc, char **argv)
{
    as_error e = {{0}};
    int seconds = argc > 0 ? atoi(argv[0]) : 0;
    if (seconds < 1 || argc < 2)
        return worker_say(WORKER_MISUSE, "usage: assay-worker check SECONDS KIND/NAME | FILE.so | FILE.lua");
    alarm((unsigned)seconds); /* what takes longer hangs: the signal ends the process */
    if (argc == 4 && strcmp(argv[1], "--spec") == 0)
        return mode_script(2, argv + 2);
    alloc_guard();
    lines = fdopen(dup(STDOUT_FILENO), "w");
    engine n;
    if (!lines || dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
        return worker_say(WORKER_FAILED, "out of memory");
    bool good = engine_open(&n, 1, 1, &e) && check_named(n.c, argv[1], &e);
    engine_close(&n);
    fclose(lines);
    return good ? WORKER_OK : worker_say(WORKER_MISUSE, "%s", e.text);
}
