/* assay db merge | check | vacuum | schema: what is done with whole databases. */
#include "cli/cli.h"

#include "base/suggest.h"
#include "results/audit.h"
#include "results/merge.h"
#include "results/migrate.h"

#include <inttypes.h>
#include <string.h>

static struct {
    const char *db;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
};

static void say(void *self, const char *line)
{
    fprintf(self, "%s\n", line);
}

/* The target is made when it is not there: merging into nothing is how databases are collected. */
static int merge_into(const char *const *sources, size_t n)
{
    as_error e = {0};
    store *s = store_open(store_locate(given.db), STORE_WRITE, &e);
    store_merged out;
    bool ok = s && store_merge(s, sources, n, say, stderr, &out, &e);
    if (ok) {
        printf("%s: took %d run%s and %d file%s", store_path(s), out.taken, out.taken == 1 ? "" : "s",
               out.files, out.files == 1 ? "" : "s");
        if (out.known)
            printf("; %d run%s there already", out.known, out.known == 1 ? " was" : "s were");
        if (out.left)
            printf("; %d run%s left out", out.left, out.left == 1 ? " was" : "s were");
        if (out.absent)
            printf("; %d file%s left out", out.absent, out.absent == 1 ? " was" : "s were");
        putchar('\n');
    }
    store_close(s);
    if (!ok)
        return command_failed(&e);
    return out.left + out.absent == 0 ? EXIT_OK : EXIT_FAILED;
}

static int merge(const command *self, const option_list *files)
{
    if (files->n == 0)
        return command_misused(self, "merge needs the databases to take from; example: %s", self->example);
    return merge_into(files->item, files->n);
}

static int check(void)
{
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    store_audit_report out;
    bool ok = store_audit(s, say, stdout, &out, &e);
    if (ok)
        printf("%s: %" PRId64 " runs, %" PRId64 " values, %" PRId64 " files: ", store_path(s), out.runs,
               out.values, out.files);
    if (ok && out.faults == 0)
        puts("all is well");
    else if (ok)
        printf("%" PRId64 " fault%s\n", out.faults, out.faults == 1 ? "" : "s");
    store_close(s);
    if (!ok)
        return command_failed(&e);
    return out.faults == 0 ? EXIT_OK : EXIT_FAILED;
}

static int vacuum(void)
{
    store *s = command_open_writing(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    int64_t before, after;
    bool ok = store_vacuum(s, &before, &after, &e);
    if (ok)
        printf("%s: %.1f MB, was %.1f MB\n", store_path(s), 1e-6 * (double)after, 1e-6 * (double)before);
    store_close(s);
    return ok ? EXIT_OK : command_failed(&e);
}

static int schema(void)
{
    fputs(schema_text, stdout);
    return EXIT_OK;
}

static int alone(const command *self, const char *verb, const option_list *rest, int (*run)(void))
{
    if (rest->n > 0)
        return command_misused(self, "%s needs no \"%s\"; another database is --db FILE", verb,
                               rest->item[0]);
    return run();
}

static int unknown_verb(const command *self, const char *verb)
{
    static const char *const verbs[] = {"merge", "check", "vacuum", "schema"};
    const char *near = suggest(verb, verbs, COUNT_OF(verbs));
    if (near)
        return command_misused(self, "no \"%s\"; did you mean \"%s\"?", verb, near);
    return command_misused(self, "needs merge, check, vacuum or schema; example: %s", self->example);
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &words)) {
        const char *verb = words.n ? words.item[0] : "";
        option_list rest = {0};
        if (words.n > 1)
            rest = (option_list){words.item + 1, words.n - 1};
        if (strcmp(verb, "merge") == 0)
            code = merge(self, &rest);
        else if (strcmp(verb, "check") == 0)
            code = alone(self, verb, &rest, check);
        else if (strcmp(verb, "vacuum") == 0)
            code = alone(self, verb, &rest, vacuum);
        else if (strcmp(verb, "schema") == 0)
            code = alone(self, verb, &rest, schema);
        else
            code = unknown_verb(self, verb);
    }
    option_list_free(&words);
    return code;
}

const command command_db = {
    .name = "db",
    .doc = "take in other databases, check one, make it smaller, print its schema",
    .operands = "merge FILE.db... | check | vacuum | schema",
    .example = "assay db merge laptop.db cluster/results/assay.db",
    .more =
        "merge takes what this database lacks out of others, with the files of their runs (artifacts/ "
        "beside\n"
        "each): all of it or, if it fails, nothing. It makes this database if there is none. Merging again\n"
        "changes nothing. What cannot be taken is told in a line each, and the exit code is 1: a run that "
        "is\n"
        "under way there, or is not the same as the one here of that uuid; a file that is gone or changed.\n"
        "check looks at SQLite's structure, at what rows point to, and at the hash of every file.\n"
        "vacuum gives the space of deleted rows back. schema prints the tables with what each column "
        "means.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
