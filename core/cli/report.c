/* assay report: pages about experiments in a folder, which appears whole or not at all. */
#include "cli/library.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct {
    const char *db, *out;
    bool all;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {NULL, 'o', OPTION_TEXT, &given.out, "DIR", "the folder to make; an earlier report there is replaced"},
    {"all", 0, OPTION_FLAG, &given.all, NULL, "every experiment"},
};

/* ---- folders of pages: flat, nothing but NAME.html ---- */

static bool is_page(const char *name)
{
    size_t n = strlen(name);
    return n > 5 && strcmp(name + n - 5, ".html") == 0;
}

/* Whether a folder holds pages alone, or nothing: only then may it be replaced. */
static bool holds_pages_alone(const char *path)
{
    DIR *d = opendir(path);
    bool ok = d != NULL;
    const struct dirent *entry;
    while (ok && (entry = readdir(d)))
        ok = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || is_page(entry->d_name);
    if (d)
        closedir(d);
    return ok;
}

static void remove_pages(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *entry;
    while (d && (entry = readdir(d)))
        if (is_page(entry->d_name))
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
    rmdir(path);
}

/* ---- the report ---- */

/* Puts the finished folder where it was asked for; an earlier one changes places with it and goes. */
static bool put_in_place(const char *made, const char *out, as_error *e)
{
    if (rename(made, out) == 0) /* nothing there, or an empty folder */
        return true;
    if (errno != ENOTEMPTY && errno != EEXIST)
        return error_set(e, "cannot make %s: %s", out, strerror(errno));
    if (!holds_pages_alone(out))
        return error_set(e, "%s holds other files than pages: it is not replaced", out);
    if (renameat2(AT_FDCWD, made, AT_FDCWD, out, RENAME_EXCHANGE) != 0)
        return error_set(e, "cannot replace %s: %s", out, strerror(errno));
    remove_pages(made);
    return true;
}

/* A folder beside the one asked for, on the same file system. Owned; NULL with `e` set. */
static char *make_beside(const char *out, as_error *e)
{
    char *made = NULL;
    size_t n = strlen(out);
    while (n > 1 && out[n - 1] == '/')
        n--;
    if (asprintf(&made, "%.*s.XXXXXX", (int)n, out) < 0) {
        error_set(e, "out of memory");
        return NULL;
    }
    if (mkdtemp(made) && chmod(made, 0755) == 0)
        return made;
    error_set(e, "cannot make a folder beside %s: %s", out, strerror(errno));
    free(made);
    return NULL;
}

static int report(const char *experiment)
{
    as_error e = {0};
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    char *made = make_beside(given.out, &e);
    int code = EXIT_FAILED;
    if (made) {
        cJSON *json = cJSON_CreateObject();
        library_text(json, "db", store_path(s));
        library_text(json, "artifacts", store_artifacts(s));
        library_text(json, "experiment", experiment);
        library_text(json, "into", made);
        code = library_call("report", json, LIBRARY_RETURNS);
        if (code == EXIT_OK && !put_in_place(made, given.out, &e))
            code = command_failed(&e);
        if (code == EXIT_OK)
            fprintf(stderr, "wrote %s/index.html\n", given.out);
        else
            remove_pages(made);
    } else {
        command_failed(&e);
    }
    free(made);
    store_close(s);
    return code;
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &words)) {
        if (words.n > 1 || (words.n == 1) == given.all)
            command_misused(self, "needs one experiment, or --all; example: %s", self->example);
        else if (!given.out)
            command_misused(self, "needs -o DIR; example: %s", self->example);
        else
            code = report(words.n ? words.item[0] : NULL);
    }
    option_list_free(&words);
    return code;
}

const command command_report = {
    .name = "report",
    .doc = "write pages: claims, curves, pictures, parameters, plugins, how to run it again",
    .operands = "[EXPERIMENT]",
    .example = "assay report --all -o report",
    .more =
        "One HTML page an experiment and index.html. Each page holds all it shows; nothing is loaded from\n"
        "elsewhere. assay serve shows the same pages while runs go on.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
