/* assay export: runs for other programs. */
#include "cli/cli.h"

#include "base/folder.h"
#include "results/export.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const char *db, *folder;
    bool csv, jsonl, tensorboard;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"csv", 0, OPTION_FLAG, &given.csv, NULL, "as CSV, which is so if nothing else is said"},
    {"jsonl", 0, OPTION_FLAG, &given.jsonl, NULL, "as JSON, one object a line"},
    {"tensorboard", 0, OPTION_FLAG, &given.tensorboard, NULL, "as event files for TensorBoard"},
    {NULL, 'o', OPTION_TEXT, &given.folder, "DIR", "into this folder: runs, params and metrics"},
};

static void say(void *self, const char *line)
{
    fprintf(self, "%s\n", line);
}

/* FOLDER/NAME.csv, made; NULL (and the reason) if it cannot be. */
static FILE *make_table(const char *name, as_error *e)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s", given.folder, name, given.jsonl ? "jsonl" : "csv");
    FILE *out = fopen(path, "w");
    if (!out)
        error_set(e, "cannot write %s: %s", path, strerror(errno));
    return out;
}

static bool end_table(FILE *out, bool ok, as_error *e)
{
    return (!out || fclose(out) == 0 || !ok ||
            error_set(e, "the export cannot be written: %s", strerror(errno))) &&
           ok;
}

static bool write_tables(store *s, const char *experiment, int64_t *runs, as_error *e)
{
    export_format format = given.jsonl ? EXPORT_JSONL : EXPORT_CSV;
    export_tables to = {.metrics = stdout};
    if (!given.folder)
        return export_write(s, experiment, format, &to, runs, e);
    to = (export_tables){0};
    bool ok = folder_make(given.folder, e) && (to.runs = make_table("runs", e)) &&
              (to.params = make_table("params", e)) && (to.metrics = make_table("metrics", e)) &&
              export_write(s, experiment, format, &to, runs, e);
    ok = end_table(to.runs, ok, e);
    ok = end_table(to.params, ok, e);
    return end_table(to.metrics, ok, e);
}

static int export_to(const char *experiment)
{
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    int64_t runs = 0;
    bool ok = given.tensorboard ? export_tensorboard(s, experiment, given.folder, say, stderr, &runs, &e)
                                : write_tables(s, experiment, &runs, &e);
    if (ok && runs == 0)
        fprintf(stderr, "%s: %s%s has no runs\n", store_path(s), experiment ? "experiment " : "it",
                experiment ? experiment : "");
    else if (ok && given.folder)
        fprintf(stderr, "%s: %" PRId64 " run%s\n", given.folder, runs, runs == 1 ? "" : "s");
    store_close(s);
    return ok ? EXIT_OK : command_failed(&e);
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    if (!command_read(self, argc, argv, &words))
        ;
    else if (words.n > 1)
        command_misused(self, "takes one experiment, got %zu words; example: %s", words.n, self->example);
    else if (given.csv + given.jsonl + given.tensorboard > 1)
        command_misused(self, "--csv, --jsonl and --tensorboard exclude each other");
    else if (given.tensorboard && !given.folder)
        command_misused(self, "--tensorboard needs a folder: -o DIR");
    else
        code = export_to(words.n ? words.item[0] : NULL);
    option_list_free(&words);
    return code;
}

const command command_export = {
    .name = "export",
    .doc = "write runs as CSV, as JSON lines or for TensorBoard",
    .operands = "[EXPERIMENT]",
    .example = "assay export study --csv -o tables",
    .more =
        "Without -o the logged values go to stdout, a row each, with run, arm and seed. -o DIR makes three\n"
        "tables: runs (a row a run, its parameters and last values as columns), params and metrics (a row a\n"
        "value). Reals have all their digits; NaN is NaN in CSV and null in JSON, infinity inf and 9e999.\n"
        "--tensorboard makes a folder for each run, with scalars, parameters and the artifacts that are "
        "PNG.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
