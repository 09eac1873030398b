/* One folder a run, with one event file. */
#include "results/event_file.h"
#include "results/export_runs.h"
#include "base/folder.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char doing[] = "cannot be exported";

typedef struct {
    store *s;
    const char *folder;
    export_told *told;
    void *self;
    event_file *file; /* of the present run */
    double started;
} board;

/* The part of a path that a name is: nothing in it may lead elsewhere. */
static void put_part(FILE *out, const char *name)
{
    fputc(*name == '.' || *name == '/' || !*name ? '_' : *name, out);
    for (const char *at = name + (*name != 0); *at; at++)
        fputc(*at == '/' ? '_' : *at, out);
}

/* FOLDER/EXPERIMENT/ARM/seed-1-run-12/events.out.tfevents.SECONDS.assay, its folder made. Owned. */
static char *path_of_run(const board *b, sqlite3_stmt *run, as_error *e)
{
    char *path = NULL;
    size_t size;
    FILE *out = open_memstream(&path, &size);
    if (!out) {
        error_set(e, "out of memory");
        return NULL;
    }
    fprintf(out, "%s/", b->folder);
    put_part(out, (const char *)sqlite3_column_text(run, EXPORT_EXPERIMENT));
    fputc('/', out);
    put_part(out, (const char *)sqlite3_column_text(run, EXPORT_ARM));
    if (sqlite3_column_type(run, EXPORT_SEED) == SQLITE_NULL)
        fputs("/pool", out);
    else
        fprintf(out, "/seed-%lld", sqlite3_column_int64(run, EXPORT_SEED));
    fprintf(out, "-run-%lld", sqlite3_column_int64(run, EXPORT_ID));
    fflush(out);
    bool ok = path && folder_make(path, e);
    fprintf(out, "/events.out.tfevents.%010.0f.assay", floor(b->started));
    if (fclose(out) == 0 && ok)
        return path;
    error_set(e, "out of memory");
    free(path);
    return NULL;
}

/* Prepares a question about the run with this number. */
static sqlite3_stmt *ask(const board *b, sqlite3_stmt *run, const char *sql, as_error *e)
{
    return sql_prepare(b->s, doing, sql, BINDINGS(bind_int(sqlite3_column_int64(run, EXPORT_ID))), e);
}

static bool finish(const board *b, sqlite3_stmt *q, bool ok, int code, as_error *e)
{
    if (ok && code != SQLITE_DONE)
        ok = store_fail(b->s, e, doing);
    sqlite3_finalize(q);
    return ok;
}

static bool put_params(const board *b, sqlite3_stmt *run, as_error *e)
{
    sqlite3_stmt *q = ask(b, run, "SELECT name, value FROM param WHERE run_id = ?1 ORDER BY name", e);
    cJSON *params = cJSON_CreateObject();
    int code = SQLITE_DONE;
    while (q && (code = sqlite3_step(q)) == SQLITE_ROW)
        cJSON_AddItemToObject(params, (const char *)sqlite3_column_text(q, 0),
                              cJSON_Parse((const char *)sqlite3_column_text(q, 1)));
    if (cJSON_GetArraySize(params) > 0)
        event_hparams(b->file, b->started, params);
    cJSON_Delete(params);
    return finish(b, q, q != NULL, code, e);
}

static bool put_values(const board *b, sqlite3_stmt *run, as_error *e)
{
    sqlite3_stmt *q =
        ask(b, run, "SELECT name, step, value, at FROM curve WHERE run_id = ?1 ORDER BY step, name", e);
    int code = SQLITE_DONE;
    while (q && (code = sqlite3_step(q)) == SQLITE_ROW) {
        bool nan = sqlite3_column_type(q, 2) == SQLITE_NULL;
        event_scalar(b->file, b->started + sqlite3_column_double(q, 3), sqlite3_column_int64(q, 1),
                     (const char *)sqlite3_column_text(q, 0), nan ? NAN : sqlite3_column_double(q, 2));
    }
    return finish(b, q, q != NULL, code, e);
}

/* ---- images ---- */

/* The bytes of a file, owned; NULL if it cannot be read. */
static unsigned char *read_all(const char *path, size_t size)
{
    FILE *f = fopen(path, "rb");
    unsigned char *bytes = f ? malloc(size + 1) : NULL;
    bool ok = bytes && fread(bytes, 1, size, f) == size;
    if (f)
        fclose(f);
    if (ok)
        return bytes;
    free(bytes);
    return NULL;
}

static uint32_t big_endian(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Whatever begins like a PNG is one: signature, length and name of the first block, then width, height,
 * depth, kind of colour. */
static void put_png(const board *b, const unsigned char *bytes, size_t n, const char *tag, double moment)
{
    static const unsigned char begins[] = {137, 'P', 'N', 'G', 13,  10,  26,  10,
                                           0,   0,   0,   13,  'I', 'H', 'D', 'R'};
    static const int channels[] = {1, 0, 3, 3, 2, 0, 4}; /* grey, -, RGB, palette, grey and alpha, -, RGBA */
    if (n < 26 || memcmp(bytes, begins, sizeof begins) != 0 || bytes[25] > 6)
        return;
    event_image(b->file, moment, 0, tag, bytes, n, big_endian(bytes + 16), big_endian(bytes + 20),
                channels[bytes[25]]);
}

static bool put_images(const board *b, sqlite3_stmt *run, as_error *e)
{
    sqlite3_stmt *q = ask(b, run,
                          "SELECT name, path, size_bytes, (julianday(at) - 2440587.5) * 86400 FROM artifact"
                          " WHERE run_id = ?1 AND kind IN ('image', 'plot') ORDER BY name",
                          e);
    int code = SQLITE_DONE;
    while (q && (code = sqlite3_step(q)) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(q, 0);
        char path[4096], line[4400];
        snprintf(path, sizeof path, "%s/%s", b->s->artifacts, (const char *)sqlite3_column_text(q, 1));
        size_t size = (size_t)sqlite3_column_int64(q, 2);
        unsigned char *bytes = read_all(path, size);
        if (bytes) {
            put_png(b, bytes, size, name, sqlite3_column_double(q, 3));
        } else {
            snprintf(line, sizeof line, "run %lld: artifact \"%.100s\" cannot be read: %s; it is left out",
                     sqlite3_column_int64(run, EXPORT_ID), name, path);
            b->told(b->self, line);
        }
        free(bytes);
    }
    return finish(b, q, q != NULL, code, e);
}

static bool take(void *self, sqlite3_stmt *run, as_error *e)
{
    board *b = self;
    sqlite3_stmt *q =
        ask(b, run, "SELECT (julianday(started_at) - 2440587.5) * 86400 FROM run WHERE id = ?1", e);
    bool ok = q && sqlite3_step(q) == SQLITE_ROW;
    b->started = ok ? sqlite3_column_double(q, 0) : 0;
    sqlite3_finalize(q);
    char *path = ok ? path_of_run(b, run, e) : NULL;
    b->file = path ? event_open(path, b->started, e) : NULL;
    ok = b->file && put_params(b, run, e) && put_values(b, run, e) && put_images(b, run, e);
    ok = event_close(b->file, e) && ok;
    free(path);
    return ok;
}

bool export_tensorboard(store *s, const char *experiment, const char *folder, export_told *told, void *self,
                        int64_t *runs, as_error *e)
{
    board b = {.s = s, .folder = folder, .told = told, .self = self};
    return export_runs(s, experiment, NULL, take, &b, runs, e);
}
