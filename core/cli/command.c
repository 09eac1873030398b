/* What all sub-commands have in common. */
#include "cli/cli.h"

#include "base/suggest.h"

#include <stdarg.h>
#include <string.h>

void command_help(const command *self, FILE *out)
{
    fprintf(out, "usage: assay %s%s%s%s\n\n%s\n", self->name, *self->operands ? " " : "", self->operands,
            self->n_options ? " [OPTIONS]" : "", self->doc);
    if (self->n_options)
        fputc('\n', out);
    for (size_t i = 0; i < self->n_options; i++) {
        char typed[80];
        fprintf(out, "  %-16s %s\n", option_spelling(&self->options[i], typed, sizeof typed),
                self->options[i].doc);
    }
    if (self->more)
        fprintf(out, "\n%s", self->more);
    fprintf(out, "\nexample: %s\n", self->example);
}

int command_unknown(const char *word, const char *const *names, size_t n)
{
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
