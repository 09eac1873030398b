/* What a run used and made: plugins, data, sources, build, events, artifacts. */
#include "results/internal.h"
#include "base/hash.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

bool store_plugin_use(store *s, int64_t run, const store_plugin_info *p, as_error *e)
{
    return sql_do(s, "cannot record a plugin",
                  "INSERT INTO plugin_use (run_id, kind, name, version, path, source_hash, so_sha256)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
                  BINDINGS(bind_int(run), bind_text(p->kind), bind_text(p->name), bind_text(p->version),
                           bind_text(p->path), bind_text(p->source_hash), bind_text(p->so_sha256)),
                  e);
}

bool store_data_use(store *s, int64_t run, const store_data_info *d, as_error *e)
{
    return sql_do(
        s, "cannot record a data file",
        "INSERT INTO data_use (run_id, dataset, path, sha256, size_bytes) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT DO NOTHING",
        BINDINGS(bind_int(run), bind_text(d->dataset), bind_text(d->path), bind_text(d->sha256),
                 bind_int(d->size_bytes)),
        e);
}

bool store_source(store *s, int64_t run, const char *path, const char *text, bool own, as_error *e)
{
    int64_t id;
    if (!sql_begin(s, e))
        return false;
    bool ok = source_row(s, text, &id, e) &&
              sql_do(s, "cannot record a source file",
                     "INSERT INTO run_source (run_id, path, source_id, own) VALUES (?1, ?2, ?3, ?4)"
                     " ON CONFLICT DO NOTHING",
                     BINDINGS(bind_int(run), bind_text(path), bind_int(id), bind_int(own)), e);
    return sql_end(s, ok, e);
}

bool store_build(store *s, int64_t run, const store_build_info *b, as_error *e)
{
    static const char doing[] = "cannot record the build";
    binding values[] = {bind_text(b->version),    bind_text(b->git_commit), bind_text(b->dirty_diff),
                        bind_text(b->compiler),   bind_text(b->build_type), bind_text(b->blas),
                        bind_text(b->blas_kernel)};
    int64_t id;
    if (!sql_begin(s, e))
        return false;
    bool ok = sql_number(s, doing,
                         "SELECT id FROM build WHERE version IS ?1 AND git_commit IS ?2 AND dirty_diff IS ?3"
                         " AND compiler IS ?4 AND build_type IS ?5 AND blas IS ?6 AND blas_kernel IS ?7",
                         values, 7, 0, &id, e);
    if (ok && id == 0)
        ok = sql_number(
            s, doing,
            "INSERT INTO build (version, git_commit, dirty_diff, compiler, build_type, blas, blas_kernel)"
            " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
            values, 7, 0, &id, e);
    ok = ok && sql_do(s, doing, "UPDATE run SET build_id = ?2 WHERE id = ?1",
                      BINDINGS(bind_int(run), bind_int(id)), e);
    return sql_end(s, ok, e);
}

bool store_event(store *s, int64_t run, int attempt, int64_t step, const char *kind, const char *text,
                 as_error *e)
{
    return sql_do(s, "cannot record an event",
                  "INSERT INTO event (run_id, attempt, step, at, kind, text) VALUES (?1, ?2, ?3, " SQL_NOW
                  ", ?4, ?5)",
                  BINDINGS(bind_int(run), bind_int(attempt), step >= 0 ? bind_int(step) : bind_null(),
                           bind_text(kind), bind_text(text)),
                  e);
}

bool store_artifact(store *s, int64_t run, int attempt, const char *name, const char *kind, const char *path,
                    as_error *e)
{
    struct stat about;
    char sha256[HASH_TEXT];
    char *file = sqlite3_mprintf("%s/%s", s->artifacts, path);
    if (!file)
        return error_set(e, "%s: out of memory", s->path);
    bool ok = stat(file, &about) == 0 ? hash_file(file, sha256, e)
                                      : error_set(e, "%s: cannot record artifact \"%s\": %s: %s", s->path,
                                                  name, file, strerror(errno));
    sqlite3_free(file);
    return ok &&
           sql_do(s, "cannot record an artifact",
                  "INSERT INTO artifact (run_id, attempt, name, kind, path, size_bytes, sha256, at)"
                  " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, " SQL_NOW ") ON CONFLICT (run_id, name) DO UPDATE SET"
                  " attempt = ?2, kind = ?4, path = ?5, size_bytes = ?6, sha256 = ?7, at = excluded.at",
                  BINDINGS(bind_int(run), bind_int(attempt), bind_text(name), bind_text(kind),
                           bind_text(path), bind_int(about.st_size), bind_text(sha256)),
                  e);
}
