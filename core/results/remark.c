/* Notes and tags. */
#include "results/upkeep.h"
#include "results/internal.h"

#include <string.h>

#define BLANK " \t\r\n"

/* A row that points at no run fails at its foreign key; people want to read which run it was. */
static bool must_exist(store *s, int64_t run, as_error *e)
{
    const char *status;
    return store_run_status(s, run, &status, e);
}

bool store_note(store *s, int64_t run, const char *text, as_error *e)
{
    if (!text[strspn(text, BLANK)])
        return error_set(e, "%s: a note must have a text", s->path);
    return must_exist(s, run, e) && sql_do(s, "cannot keep the note",
                                           "INSERT INTO note (run_id, at, text) VALUES (?1, " SQL_NOW ", ?2)",
                                           BINDINGS(bind_int(run), bind_text(text)), e);
}

bool store_tag(store *s, int64_t run, const char *name, as_error *e)
{
    if (!name[strspn(name, BLANK)])
        return error_set(e, "%s: a tag must have a name", s->path);
    return must_exist(s, run, e) &&
           sql_do(s, "cannot keep the tag",
                  "INSERT INTO tag (run_id, name) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
                  BINDINGS(bind_int(run), bind_text(name)), e);
}

bool store_untag(store *s, int64_t run, const char *name, as_error *e)
{
    if (!must_exist(s, run, e) ||
        !sql_do(s, "cannot take the tag away", "DELETE FROM tag WHERE run_id = ?1 AND name = ?2",
                BINDINGS(bind_int(run), bind_text(name)), e))
        return false;
    return sqlite3_changes(s->db) > 0 ||
           error_set(e, "%s: run %lld has no tag \"%s\"", s->path, (long long)run, name);
}
