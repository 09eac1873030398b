/* assay(1), written by the program itself from the tables that --help prints: `assay --man`, used by the
 * build. */
#include "cli/cli.h"

#include <string.h>

typedef struct {
    const char *name, *doc;
} entry;

static const entry environment[] = {
    {"ASSAY_DATA", "folder of data sets, looked at before ~/.cache/assay and the system's packages"},
    {"ASSAY_DB", "the database when no --db is given; else results/assay.db"},
    {"ASSAY_PLAN_SECONDS", "what the top level of an experiment's script may take; else 60"},
    {"ASSAY_PLUGIN_PATH", "folders that hold KIND/NAME.so, separated by colons; ./plugins comes before them"},
    {"ASSAY_THREADS", "threads of the engine where no command says how many"},
    {"ASSAY_TRACEBACK", "1 adds Lua's stack to the message of a script that fails"},
    {"ASSAY_TRACE_NAN", "1 is --trace-nan where no command has it: the first operation to make a NaN fails"},
    {"NO_COLOR", "anything: no colours on a terminal either"},
    {"OPENBLAS_CORETYPE", "the kernel OpenBLAS uses, where the one it chose is not the fastest"},
};

static const entry files[] = {
    {"results/assay.db", "every run, below the folder where assay was started"},
    {"results/artifacts/UUID/", "what run UUID wrote: its output, saved models, its job"},
    {"~/.cache/assay/", "data sets"},
    {"~/.local/share/assay/plugins/KIND/NAME.so", "plugins of this user"},
};

static const entry exits[] = {
    {"0", "all went well"},
    {"1", "something failed, as told on standard error"},
    {"2", "wrong use, or something that must be installed first"},
};

/* Text as roff prints it letter by letter; a line that begins with a dot is no request. */
static void put(FILE *out, const char *text)
{
    static const struct {
        char letter;
        const char *roff;
    } special[] = {{'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"},
                   {'`', "\\(ga"}, {'^', "\\(ha"}, {'~', "\\(ti"}};
    for (const char *at = text; *at; at++) {
        if (*at == '.' && (at == text || at[-1] == '\n'))
            fputs("\\&", out);
        size_t i = 0;
        while (i < COUNT_OF(special) && special[i].letter != *at)
            i++;
        if (i < COUNT_OF(special))
            fputs(special[i].roff, out);
        else
            fputc(*at, out);
    }
}

static void put_line(FILE *out, const char *request, const char *text)
{
    fputs(request, out);
    put(out, text);
    fputc('\n', out);
}

static void put_entries(FILE *out, const char *title, const entry *list, size_t n)
{
    put_line(out, ".SH ", title);
    for (size_t i = 0; i < n; i++) {
        fputs(".TP\n", out);
        put_line(out, ".B ", list[i].name);
        put_line(out, "", list[i].doc);
    }
}

static void put_command(FILE *out, const command *c)
{
    char typed[120];
    snprintf(typed, sizeof typed, "assay %s%s%s%s", c->name, *c->operands ? " " : "", c->operands,
             c->n_options ? " [OPTIONS]" : "");
    put_line(out, ".SS ", typed);
    put_line(out, "", c->doc);
    for (size_t i = 0; i < c->n_options; i++) {
        fputs(".TP\n", out);
        put_line(out, ".B ", option_spelling(&c->options[i], typed, sizeof typed));
        put_line(out, "", c->options[i].doc);
    }
    if (c->more) { /* laid out by hand */
        fputs(".PP\n.nf\n", out);
        put(out, c->more);
        fputs(".fi\n", out);
    }
    fputs(".PP\nExample:\n.PP\n.nf\n.RS\n", out);
    put_line(out, "", c->example);
    fputs(".RE\n.fi\n", out);
}

void commands_manual(FILE *out, const char *version)
{
    fprintf(out, ".TH ASSAY 1 \"\" \"assay %s\" \"Assay\"\n.SH NAME\n", version);
    fputs("assay \\- machine\\-learning experiments in Lua, methods in C, results in SQLite\n", out);
    fputs(".SH SYNOPSIS\n.B assay\n.I COMMAND\n.RI [ ARGUMENTS ]\n.br\n.B assay\n.I COMMAND\n.B \\-\\-help\n"
          ".br\n.B assay \\-\\-version\n.SH DESCRIPTION\n",
          out);
    put(out, commands_about);
    fputs(".SH COMMANDS\n", out);
    for (size_t i = 0; i < n_commands; i++)
        put_command(out, commands[i]);
    put_entries(out, "ENVIRONMENT", environment, COUNT_OF(environment));
    put_entries(out, "FILES", files, COUNT_OF(files));
    put_entries(out, "EXIT STATUS", exits, COUNT_OF(exits));
    fputs(".SH SEE ALSO\n.BR sqlite3 (1),\n.BR lua5.4 (1)\n", out);
}
