/* assay claims: what experiments set out to show, and what was found. */
#include "cli/cli.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct {
    const char *db;
    command_format format;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"json", 0, OPTION_FLAG, &given.format.json, NULL, "as JSON, every column of the view verdicts"},
    {"csv", 0, OPTION_FLAG, &given.format.csv, NULL, "as CSV, likewise"},
    {"md", 0, OPTION_FLAG, &given.format.md, NULL,
     "as Markdown; without a name it also goes to claims.md beside the database"},
};

/* The claims in force, judged or not; ?1 is a JSON list of names or scripts, or NULL for all. Of each the
 * latest verdict on the declared plan, else its latest rehearsal; with ?2 the latest of this rehearsal first.
 */
#define CLAIMS                                                                                               \
    " FROM claim c JOIN experiment x ON x.id = c.experiment_id"                                              \
    " LEFT JOIN verdict v ON v.id = (SELECT l.id FROM verdict l WHERE l.claim_id = c.id"                     \
    "   ORDER BY l.trial IS ?2 DESC, l.trial IS NULL DESC, l.at DESC, l.id DESC LIMIT 1)"                    \
    " WHERE NOT EXISTS (SELECT 1 FROM claim l WHERE l.previous_id = c.id)"                                   \
    " AND (?1 IS NULL OR x.name IN (SELECT value FROM json_each(?1))"                                        \
    " OR x.script IN (SELECT value FROM json_each(?1)))"                                                     \
    " ORDER BY x.name, c.name"

#define SIGN "iif(c.side = 'above', '>', '<') || iif(c.or_equal, '=', '')"

/* What the claim asks for: "mean >= 0.01, 4 of 5 > 0". */
#define RULE                                                                                                 \
    "CASE c.kind WHEN 'reported' THEN 'reported only'"                                                       \
    " WHEN 'joint' THEN 'all of ' || (SELECT group_concat(value, ', ') FROM json_each(c.parts))"             \
    " ELSE substr("                                                                                          \
    "  iif(c.least_mean IS NULL, '',"                                                                        \
    "      printf(', %s %s= %.4g', c.center, iif(c.side = 'above', '>', '<'), c.least_mean)) ||"             \
    "  iif(c.of_seeds IS NULL, '',"                                                                          \
    "      printf(', %d of %d %s %.4g', c.least_seeds, c.of_seeds, " SIGN ", c.null_value)) ||"              \
    "  iif(c.least_share IS NULL, '',"                                                                       \
    "      printf(', %.4g of resamples %s %.4g', c.least_share, " SIGN ", c.null_value)) ||"                 \
    "  iif(coalesce(c.least_mean, c.of_seeds, c.least_share) IS NOT NULL, '',"                               \
    "      printf(', %s %s %.4g', iif(c.pooled, 'number', c.center), " SIGN ", c.null_value)), 3) END"

/* Mean over the runs a verdict rests on: of the metric `clock/ms a step` of those that logged it, else of all
 * seconds over the last step logged. */
#define MS_A_STEP                                                                                            \
    "(SELECT coalesce("                                                                                      \
    "    avg((SELECT m.value FROM last_metric m WHERE m.run_id = r.id AND m.name = 'clock/ms a step')),"     \
    "    avg(r.seconds * 1000 / nullif((SELECT max(step) FROM metric m WHERE m.run_id = r.id), 0)))"         \
    "  FROM run r WHERE r.id IN (SELECT u.run_id FROM claim_value n"                                         \
    "    JOIN claim_value_run u ON u.claim_value_id = n.id WHERE n.verdict_id = v.id))"

static const char as_table[] =
    "SELECT x.paper, x.name || '/' || c.name AS claim, c.paper_says AS \"paper says\","
    " iif(v.mean IS NULL, '', printf('%.4g', v.mean)) ||"
    " iif(v.low IS NULL, '', printf(' [%.4g, %.4g]', v.low, v.high)) AS ours, " RULE " AS rule,"
    " CASE WHEN v.outcome IS NULL THEN 'not judged' WHEN v.trial IS NOT NULL THEN '(' || v.outcome || ')'"
    " ELSE v.outcome END AS verdict,"
    " (SELECT nullif(count(DISTINCT run_id), 0) FROM claim_value JOIN claim_value_run ON claim_value_id = "
    "claim_value.id"
    "   WHERE verdict_id = v.id) AS runs, round(" MS_A_STEP ", 3) AS \"ms a step\"" CLAIMS;

static const char as_data[] =
    "SELECT x.name AS experiment, x.paper, c.name AS claim, c.statement, c.paper_says, c.kind, v.outcome,"
    " v.trial, v.rule, v.interval, v.mean, v.low, v.high, v.n, v.n_right, c.side, c.null_value, c.or_equal,"
    " c.center, c.least_mean, c.least_seeds, c.of_seeds, c.least_share, c.pooled, c.parts, c.method,"
    " v.right_share, v.sign_p, v.wilcoxon_p, v.sentence, v.at, c.created_at AS claimed_at, c.change,"
    " " MS_A_STEP " AS ms_a_step" CLAIMS;

/* Below the table: what each claim says, and what there is to say about its verdict. */
static const char as_notes[] =
    "SELECT x.name || '/' || c.name, c.statement, v.sentence, v.trial, c.change,"
    " CASE WHEN v.low IS NULL THEN NULL WHEN c.pooled OR c.method = 'bootstrap' THEN 'percentile bootstrap'"
    " WHEN c.method = 't' THEN 'paired t' WHEN c.method = 'sign' THEN 'sign test' ELSE 'signed ranks' "
    "END" CLAIMS;

static const char *text_at(query_rows *rows, int column)
{
    query_value v = query_rows_value(rows, column);
    return v.type == QUERY_TEXT ? v.text : NULL;
}

static void put_note(query_rows *rows, bool md, FILE *out)
{
    enum { NAME, STATEMENT, SENTENCE, TRIAL, CHANGE, METHOD };
    fprintf(out, md ? "- **%s**: " : "%s: ", text_at(rows, NAME));
    fputs(text_at(rows, STATEMENT), out);
    if (text_at(rows, METHOD))
        fprintf(out, "; interval by %s", text_at(rows, METHOD));
    if (text_at(rows, SENTENCE))
        fprintf(out, "; %s", text_at(rows, SENTENCE));
    if (text_at(rows, TRIAL))
        fprintf(out, "; a rehearsal (%s), no verdict", text_at(rows, TRIAL));
    if (text_at(rows, CHANGE))
        fprintf(out, "; changed: %s", text_at(rows, CHANGE));
    fputc('\n', out);
}

static bool put_notes(store *s, const query_value values[2], bool md, FILE *out, as_error *e)
{
    query_rows *rows = query_rows_open(s, as_notes, values, 2, e);
    if (!rows)
        return false;
    fputc('\n', out);
    while (query_rows_next(rows))
        put_note(rows, md, out);
    return query_rows_close(rows, e);
}

bool command_print_claims(store *s, const char *const *names, size_t n, const char *trial,
                          query_format format, FILE *out, as_error *e)
{
    char *text = n ? command_json_list(names, n) : NULL;
    const query_value bound[] = {{.type = n ? QUERY_TEXT : QUERY_NULL, .text = text},
                                 {.type = trial ? QUERY_TEXT : QUERY_NULL, .text = trial}};
    bool read = format == QUERY_TABLE || format == QUERY_MARKDOWN;
    bool ok = (n == 0 || text || error_set(e, "out of memory")) &&
              query_print(s, read ? as_table : as_data, bound, 2, format, out, e) &&
              (!read || put_notes(s, bound, format == QUERY_MARKDOWN, out, e));
    cJSON_free(text);
    return ok;
}

bool command_write_claims(store *s, as_error *e)
{
    char path[4096];
    const char *db = store_path(s), *slash = strrchr(db, '/');
    snprintf(path, sizeof path, "%.*sclaims.md", slash ? (int)(slash - db) + 1 : 0, db);
    FILE *out = fopen(path, "we");
    if (!out)
        return error_set(e, "cannot write %s: %s", path, strerror(errno));
    fputs("# Claims\n\nWritten by `assay claims --md`. (...) is a rehearsal on other settings than "
          "declared.\n\n",
          out);
    bool ok = command_print_claims(s, NULL, 0, NULL, QUERY_MARKDOWN, out, e);
    if (fclose(out) != 0 && ok)
        ok = error_set(e, "cannot write %s: %s", path, strerror(errno));
    if (ok)
        fprintf(stderr, "written: %s\n", path);
    return ok;
}

/* A word that names nothing is refused with the names there are. */
static bool check_word(store *s, const char *word, as_error *e)
{
    const query_value v = {.type = QUERY_TEXT, .text = word};
    query_rows *rows =
        query_rows_open(s,
                        "SELECT (SELECT group_concat(name, ', ') FROM (SELECT DISTINCT x.name FROM claim c"
                        " JOIN experiment x ON x.id = c.experiment_id ORDER BY 1))"
                        " WHERE NOT EXISTS (SELECT 1 FROM claim c JOIN experiment x ON x.id = c.experiment_id"
                        " WHERE ?1 IN (x.name, x.script))",
                        &v, 1, e);
    if (!rows)
        return false;
    bool unknown = query_rows_next(rows);
    const char *names = unknown ? text_at(rows, 0) : NULL;
    if (unknown && names)
        error_set(e, "no claims of \"%s\"; there are those of: %s", word, names);
    else if (unknown)
        error_set(e, "no claims of \"%s\"; there are none", word);
    as_error late = {0};
    bool read = query_rows_close(rows, &late);
    return !unknown && (read || error_set(e, "%s", late.text));
}

static int print(store *s, const option_list *words, query_format format)
{
    as_error e = {0};
    bool ok = true;
    for (size_t i = 0; i < words->n && ok; i++)
        ok = check_word(s, words->item[i], &e);
    ok = ok && command_print_claims(s, words->item, words->n, NULL, format, stdout, &e);
    if (ok && format == QUERY_MARKDOWN && words->n == 0)
        ok = command_write_claims(s, &e);
    return ok ? EXIT_OK : command_failed(&e);
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    query_format format;
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &words) && command_format_chosen(self, &given.format, &format)) {
        store *s = command_open(given.db);
        code = s ? print(s, &words, format) : EXIT_FAILED;
        store_close(s);
    }
    option_list_free(&words);
    return code;
}

const command command_claims = {
    .name = "claims",
    .doc = "what experiments set out to show, and what was found",
    .operands = "[FILE.lua | EXPERIMENT]...",
    .example = "assay claims quickstart",
    .more =
        "A claim holds when its rule is met and the 95 % interval does not lie on the wrong side; it fails\n"
        "when the interval does; else it is unclear. A verdict in parentheses is a rehearsal: --smoke, "
        "--set\n"
        "or other seeds changed what the claim is about. assay run and assay reproduce judge.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
