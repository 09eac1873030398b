/* What all sub-commands have in common. */
#include "cli/cli.h"

#include "base/suggest.h"
#include "base/terminal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

/* Two columns, the first as wide as its longest entry. */
static void print_options(const command *self, FILE *out)
{
    char typed[80];
    int width = 0;
    for (size_t i = 0; i < self->n_options; i++) {
        int n = (int)strlen(option_spelling(&self->options[i], typed, sizeof typed));
        width = n > width ? n : width;
    }
    for (size_t i = 0; i < self->n_options; i++)
        fprintf(out, "  %-*s  %s\n", width, option_spelling(&self->options[i], typed, sizeof typed),
                self->options[i].doc);
}

void command_help(const command *self, FILE *out)
{
    bool colours = terminal_colours(out);
    const char *bold = terminal_sequence(colours, TERMINAL_BOLD);
    const char *plain = terminal_sequence(colours, TERMINAL_PLAIN);
    fprintf(out, "%susage:%s assay %s%s%s%s\n\n%s\n", bold, plain, self->name, *self->operands ? " " : "",
            self->operands, self->n_options ? " [OPTIONS]" : "", self->doc);
    if (self->n_options)
        fputc('\n', out);
    print_options(self, out);
    if (self->more)
        fprintf(out, "\n%s", self->more);
    fprintf(out, "\n%sexample:%s %s\n", bold, plain, self->example);
}

int command_unknown(const char *word)
{
    const char *names[64];
    size_t n = 0;
    for (; n < n_commands && n < COUNT_OF(names); n++)
        names[n] = commands[n]->name;
    const char *near = suggest(word, names, n);
    if (near)
        fprintf(stderr, "assay: unknown command \"%s\"; did you mean \"%s\"?\n", word, near);
    else
        fprintf(stderr, "assay: unknown command \"%s\"; assay --help lists them\n", word);
    return EXIT_USAGE;
}

bool command_read(const command *self, int argc, char **argv, option_list *operands)
{
    as_error e = {0};
    if (options_read(argc, argv, self->options, self->n_options, operands, &e))
        return true;
    command_misused(self, "%s", e.text);
    return false;
}

int command_misused(const command *self, const char *format, ...)
{
    fprintf(stderr, "assay %s: ", self->name);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    return EXIT_USAGE;
}

int command_failed(const as_error *e)
{
    fprintf(stderr, "%s\n", e->text);
    return EXIT_FAILED;
}

bool command_threads(int n, as_error *e)
{
    char text[16];
    snprintf(text, sizeof text, "%d", n);
    return n == 0 || setenv("ASSAY_THREADS", text, 1) == 0 || error_set(e, "out of memory");
}

bool command_trace_nan(bool wanted, as_error *e)
{
    return !wanted || setenv("ASSAY_TRACE_NAN", "1", 1) == 0 || error_set(e, "out of memory");
}

bool command_format_chosen(const command *self, const command_format *flags, query_format *format)
{
    if (flags->json + flags->csv + flags->md > 1) {
        command_misused(self, "--json, --csv and --md exclude each other");
        return false;
    }
    *format = flags->json ? QUERY_JSON : flags->csv ? QUERY_CSV : flags->md ? QUERY_MARKDOWN : QUERY_TABLE;
    return true;
}

store *command_open(const char *db)
{
    as_error e = {0};
    store *s = store_open(store_locate(db), STORE_READ, &e);
    if (!s) {
        command_failed(&e);
        return NULL;
    }
    if (store_version(s) > store_version_known())
        fprintf(stderr,
                "%s: schema %d, this assay knows %d: reading only, and some columns may be missing here\n",
                store_path(s), store_version(s), store_version_known());
    return s;
}

store *command_open_writing(const char *db)
{
    as_error e = {0};
    store *s = store_open(store_locate(db), STORE_READ, &e);
    store_close(s);
    if (s)
        s = store_open(store_locate(db), STORE_WRITE, &e);
    if (!s)
        command_failed(&e);
    return s;
}

char *command_json_list(const char *const *words, size_t n)
{
    cJSON *list = cJSON_CreateStringArray(words, (int)n);
    char *text = list ? cJSON_PrintUnformatted(list) : NULL;
    cJSON_Delete(list);
    return text;
}

bool command_run_number(const command *self, const char *word, int64_t *run)
{
    char *end;
    errno = 0;
    long long number = strtoll(word, &end, 10);
    *run = number;
    if (*word && !*end && !errno && number > 0)
        return true;
    command_misused(self, "\"%s\" is no run's number; assay runs lists them", word);
    return false;
}
