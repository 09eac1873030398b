/* assay note RUN TEXT, assay tag RUN NAME: what people say about runs. */
#include "cli/cli.h"

#include "results/upkeep.h"

static struct {
    const char *db;
    bool remove;
} given;

#define DB_OPTION                                                                                            \
    {                                                                                                        \
        "db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"      \
    }

static const option note_options[] = {DB_OPTION};

static const option tag_options[] = {
    DB_OPTION,
    {"remove", 0, OPTION_FLAG, &given.remove, NULL, "take the tags away again"},
};

/* Says each of the words about the run. */
static bool say_all(store *s, int64_t run, const option_list *words, bool tags, as_error *e)
{
    bool ok = true;
    for (size_t i = 1; i < words->n && ok; i++) {
        const char *word = words->item[i];
        if (!tags)
            ok = store_note(s, run, word, e);
        else
            ok = given.remove ? store_untag(s, run, word, e) : store_tag(s, run, word, e);
    }
    return ok;
}

/* All that is said about the run by now. */
static bool print_all(store *s, int64_t run, bool tags, as_error *e)
{
    const query_value value = {.type = QUERY_INTEGER, .integer = run};
    return query_print(s,
                       tags ? "SELECT ?1 AS run, group_concat(name, ', ') AS tags"
                              " FROM (SELECT name FROM tag WHERE run_id = ?1 ORDER BY name)"
                            : "SELECT run_id AS run, text FROM note WHERE run_id = ?1 ORDER BY id",
                       &value, 1, QUERY_TABLE, stdout, e);
}

static int say(const command *self, int argc, char **argv, bool tags)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    int64_t run;
    if (!command_read(self, argc, argv, &words))
        goto done;
    if (tags ? words.n < 2 : words.n != 2) {
        command_misused(self, "needs a run and %s; example: %s",
                        tags ? "one tag or more" : "one text in quotes", self->example);
        goto done;
    }
    if (!command_run_number(self, words.item[0], &run))
        goto done;
    code = EXIT_FAILED;
    store *s = command_open_writing(given.db);
    as_error e = {0};
    if (s)
        code =
            say_all(s, run, &words, tags, &e) && print_all(s, run, tags, &e) ? EXIT_OK : command_failed(&e);
    store_close(s);
done:
    option_list_free(&words);
    return code;
}

static int run_note(const command *self, int argc, char **argv)
{
    return say(self, argc, argv, false);
}

static int run_tag(const command *self, int argc, char **argv)
{
    return say(self, argc, argv, true);
}

const command command_note = {
    .name = "note",
    .doc = "keep a sentence about a run",
    .operands = "RUN TEXT",
    .example = "assay note 3 \"the first with the new schedule\"",
    .options = note_options,
    .n_options = COUNT_OF(note_options),
    .run = run_note,
};

const command command_tag = {
    .name = "tag",
    .doc = "give a run tags, or take them away",
    .operands = "RUN TAG...",
    .example = "assay tag 3 best figure-2",
    .options = tag_options,
    .n_options = COUNT_OF(tag_options),
    .run = run_tag,
};
