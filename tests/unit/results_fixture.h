/* A folder of its own for each test and the usual rows in it. Every call must succeed: the error's text is
 * shown. */
#ifndef RESULTS_FIXTURE_H
#define RESULTS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "results/internal.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[64], database[96];

static as_error no_error;

#define MUST(call)                                                                                           \
    do {                                                                                                     \
        no_error.text[0] = 0;                                                                                \
        bool went_well = (call);                                                                             \
        if (!went_well)                                                                                      \
            fail_msg("%s", no_error.text);                                                                   \
    } while (0)

/* The call must fail with a text that holds `part`. */
#define MUST_FAIL(call, part)                                                                                \
    do {                                                                                                     \
        no_error.text[0] = 0;                                                                                \
        bool went_well = (call);                                                                             \
        if (went_well || !strstr(no_error.text, part))                                                       \
            fail_msg("expected \"%s\", got \"%s\"", part, went_well ? "success" : no_error.text);            \
    } while (0)

static inline int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/assay-results-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(database, sizeof database, "%s/results/assay.db", folder);
    return 0;
}

static inline int remove_one(const char *path, const struct stat *about, int type, struct FTW *where)
{
    (void)about, (void)type, (void)where;
    return remove(path);
}

static inline int remove_folder(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline store *open_store(store_mode mode)
{
    store *s = NULL;
    MUST(s = store_open(database, mode, &no_error));
    return s;
}

static inline int64_t make_experiment(store *s)
{
    int64_t id;
    MUST(store_experiment(s,
                          &(store_experiment_info){.name = "quick",
                                                   .headline = "test/accuracy",
                                                   .script = "experiments/quick.lua",
                                                   .source = "return 1"},
                          &id, &no_error));
    return id;
}

static inline int64_t make_run(store *s, const char *arm, int64_t seed)
{
    int64_t id;
    char uuid[STORE_UUID];
    store_run_info r = {.experiment = make_experiment(s),
                        .stage = "run",
                        .arm = arm,
                        .has_seed = true,
                        .seed = seed,
                        .identity = "i1"};
    MUST(store_create_run(s, &r, &id, uuid, &no_error));
    return id;
}

static inline void log_one(store *s, int64_t run, int64_t step, const char *name, double value)
{
    MUST(store_log(s, run, 1, step, &(store_value){name, value}, 1, &no_error));
}

static inline void finish(store *s, int64_t run, const char *status)
{
    MUST(store_finish(s, run, &(store_end_info){.status = status}, &no_error));
}

/* The single value of a query as text; "NULL" for NULL, "none" without a row. Good until the next call. */
static inline const char *ask(store *s, const char *sql)
{
    static char out[4096];
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(s->db, sql, -1, &q, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
    int code = sqlite3_step(q);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        fail_msg("%s: %s", sql, sqlite3_errmsg(s->db));
    const char *text = code == SQLITE_ROW ? (const char *)sqlite3_column_text(q, 0) : "none";
    snprintf(out, sizeof out, "%s", text ? text : "NULL");
    sqlite3_finalize(q);
    return out;
}

#endif
