/* assay rm RUN..., assay gc: the only ways in which anything leaves a database. */
#include "cli/cli.h"

#include "results/upkeep.h"

#include <stdlib.h>

static struct {
    const char *db;
    bool look;
} given;

#define DB_OPTION                                                                                            \
    {                                                                                                        \
        "db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"      \
    }

static const option rm_options[] = {DB_OPTION};

static const option gc_options[] = {
    DB_OPTION,
    {"dry-run", 0, OPTION_FLAG, &given.look, NULL, "only say what would be deleted"},
};

static int remove_runs(const int64_t *runs, size_t n)
{
    store *s = command_open_writing(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    bool ok = store_remove(s, runs, n, &e);
    store_close(s);
    if (!ok)
        return command_failed(&e);
    fprintf(stderr, "deleted %zu run%s with %s files\n", n, n == 1 ? "" : "s", n == 1 ? "its" : "their");
    return EXIT_OK;
}

static int run_rm(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    int64_t *runs = NULL;
    if (command_read(self, argc, argv, &words)) {
        runs = calloc(words.n + 1, sizeof *runs);
        bool ok = runs && words.n > 0;
        if (!ok)
            command_misused(self, "needs the numbers of runs; assay runs lists them");
        for (size_t i = 0; i < words.n && ok; i++)
            ok = command_run_number(self, words.item[i], &runs[i]);
        if (ok)
            code = remove_runs(runs, words.n);
    }
    free(runs);
    option_list_free(&words);
    return code;
}

static int run_gc(const command *self, int argc, char **argv)
{
    if (!command_read(self, argc, argv, NULL))
        return EXIT_USAGE;
    store *s = command_open_writing(given.db);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    store_garbage found;
    bool ok = store_gc(s, given.look, &found, &e);
    store_close(s);
    if (!ok)
        return command_failed(&e);
    printf("%s %d folders of runs that are gone, %.1f MB\n", given.look ? "would delete" : "deleted",
           found.folders, 1e-6 * (double)found.bytes);
    return EXIT_OK;
}

const command command_rm = {
    .name = "rm",
    .doc = "delete runs with everything that is theirs",
    .operands = "RUN...",
    .example = "assay rm 3 4",
    .more = "Metrics, parameters, notes and files of the runs go; scripts and claims stay. There is no way "
            "back.\n",
    .options = rm_options,
    .n_options = COUNT_OF(rm_options),
    .run = run_rm,
};

const command command_gc = {
    .name = "gc",
    .doc = "delete files whose runs are gone, and give unused space back",
    .operands = "",
    .example = "assay gc --dry-run",
    .options = gc_options,
    .n_options = COUNT_OF(gc_options),
    .run = run_gc,
};
