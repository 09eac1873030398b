/* assay completion: what shells need to complete assay's own words, from the tables the help comes from. */
#include "cli/completion.h"

#include "data/sets.h"
#include "supervisor/paths.h"
#include "supervisor/plan.h"
#include "supervisor/process.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

place completion_place(const char *word, size_t n)
{
    static const struct {
        const char *word;
        place is;
    } known[] = {
        {"FILE", PLACE_FILE},        {"FILE.lua", PLACE_FILE},   {"FILE.c", PLACE_FILE},
        {"FILE.yaml", PLACE_FILE},   {"SWEEP.yaml", PLACE_FILE}, {"TUNE.yaml", PLACE_FILE},
        {"OUT.so", PLACE_FILE},      {"DIR", PLACE_FOLDER},      {"RUN", PLACE_RUN},
        {"KIND/NAME", PLACE_PLUGIN}, {"ARM", PLACE_ARM},         {"DATASET", PLACE_DATA},
        {"FILE.db", PLACE_FILE},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++)
        if (strlen(known[i].word) == n && memcmp(known[i].word, word, n) == 0)
            return known[i].is;
    return PLACE_FREE;
}

void completion_extension(const char *word, size_t n, char out[16])
{
    const char *dot = memchr(word, '.', n);
    bool written = n >= 3 && memcmp(word, "OUT", 3) == 0;
    snprintf(out, 16, "%.*s", dot && !written ? (int)(word + n - dot - 1) : 0, dot ? dot + 1 : "");
}

/* The next word of an operands text such as "list | show KIND/NAME..."; NULL at its end. */
static const char *next_word(const char **text, size_t *n)
{
    *text += strspn(*text, " |[].");
    const char *word = *text;
    *n = strcspn(word, " |[]");
    *text += *n;
    if (*n > 3 && memcmp(word + *n - 3, "...", 3) == 0)
        *n -= 3;
    return *n ? word : NULL;
}

static bool literal(const char *word)
{
    return islower((unsigned char)*word);
}

void completion_literals(const command *c, FILE *out)
{
    size_t n;
    const char *at = c->operands, *word;
    while ((word = next_word(&at, &n)))
        if (literal(word))
            fprintf(out, " %.*s", (int)n, word);
}

bool completion_has_literals(const command *c)
{
    size_t n;
    const char *at = c->operands, *word = next_word(&at, &n);
    return word && literal(word);
}

const char *completion_operand(const command *c, size_t i, size_t *n)
{
    const char *at = c->operands, *word, *last = "";
    while ((word = next_word(&at, n))) {
        bool again = strncmp(word, last, *n) == 0;
        if (literal(word) || again || completion_place(word, *n) == PLACE_FREE)
            continue;
        if (i-- == 0)
            return word;
        last = word;
    }
    return NULL;
}

/* ---- words that change, which the scripts ask for ---- */

static int print_arms(const char *script)
{
    as_error e = {0};
    path_text worker;
    plan p = {0};
    char *talk = NULL;
    bool misuse;
    bool ok = path_of_worker(worker, &e) && plan_make(worker, script, NULL, 0, &p, &talk, &misuse, &e);
    const cJSON *arm;
    if (ok)
        cJSON_ArrayForEach(arm, p.arms) puts(cJSON_GetStringValue(cJSON_GetObjectItem(arm, "name")));
    if (ok)
        plan_free(&p);
    free(talk);
    return ok ? EXIT_OK : command_failed(&e);
}

static int print_runs(void)
{
    store *s = command_open(NULL);
    if (!s)
        return EXIT_FAILED;
    as_error e = {0};
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    bool ok = f && query_run(s, "SELECT id FROM runs ORDER BY id DESC LIMIT 100", QUERY_CSV, f, &e);
    if (f)
        fclose(f);
    const char *line = ok ? strchr(text, '\n') : NULL; /* after the header */
    for (; line && line[1]; line = strchr(line + 1, '\n'))
        printf("%ld\n", strtol(line + 1, NULL, 10));
    free(text);
    store_close(s);
    return ok ? EXIT_OK : command_failed(&e);
}

static int print_plugins(void)
{
    as_error e = {0};
    path_text worker;
    char *text = NULL, *talk = NULL;
    int status;
    bool ok = path_of_worker(worker, &e) &&
              process_capture((const char *[]){worker, "plugins", "list", "--json", NULL}, -1, &text, &talk,
                              &status, &e);
    cJSON *rows = ok ? cJSON_Parse(text) : NULL;
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        const char *kind = cJSON_GetStringValue(cJSON_GetObjectItem(row, "kind"));
        const char *name = cJSON_GetStringValue(cJSON_GetObjectItem(row, "name"));
        if (kind && name && !cJSON_HasObjectItem(row, "error"))
            printf("%s/%s\n", kind, name);
    }
    cJSON_Delete(rows);
    free(text);
    free(talk);
    return ok ? EXIT_OK : command_failed(&e);
}

static int print_data(void)
{
    for (size_t i = 0; i < data_set_count; i++)
        puts(data_sets[i].name);
    return EXIT_OK;
}

static int print_bash(void)
{
    completion_bash(stdout);
    return EXIT_OK;
}

static int print_zsh(void)
{
    completion_zsh(stdout);
    return EXIT_OK;
}

static int run(const command *self, int argc, char **argv)
{
    static const struct {
        const char *word;
        int (*print)(void);
    } known[] = {{"bash", print_bash},
                 {"zsh", print_zsh},
                 {"plugins", print_plugins},
                 {"runs", print_runs},
                 {"data", print_data}};
    option_list words = {0};
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &words)) {
        const char *what = words.n ? words.item[0] : "";
        size_t i = 0;
        while (i < COUNT_OF(known) && (words.n != 1 || strcmp(what, known[i].word) != 0))
            i++;
        if (i < COUNT_OF(known))
            code = known[i].print();
        else if (words.n == 2 && strcmp(what, "arms") == 0)
            code = print_arms(words.item[1]);
        else
            code = command_misused(self, "needs bash or zsh%s%s; example: %s", *what ? ", not " : "", what,
                                   self->example);
    }
    option_list_free(&words);
    return code;
}

const command command_completion = {
    .name = "completion",
    .doc = "print a script that lets bash or zsh complete assay's commands, options and names",
    .operands = "bash | zsh",
    .example = "source <(assay completion bash)",
    .more = "The example is for one terminal; the script's first lines say how to keep it.\n"
            "The scripts ask `assay completion plugins`, `runs`, `data` and `arms FILE.lua` for names.\n",
    .run = run,
};
