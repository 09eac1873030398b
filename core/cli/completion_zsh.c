/* The completion script for zsh. */
#include "cli/completion.h"

#include <string.h>

static const char zsh_begin[] =
    "#compdef assay\n"
    "# Completion of assay in zsh. Once: source <(assay completion zsh). For good: put the output into a\n"
    "# file _assay in a folder of $fpath\n"
    "_assay_dynamic() {\n"
    "    local -a found\n"
    "    found=(${(f)\"$(_call_program words assay completion $* 2>/dev/null)\"})\n"
    "    compadd -a found\n"
    "}\n"
    "_assay_arms() {\n"
    "    local word\n"
    "    for word in $words; do\n"
    "        [[ $word == *.lua ]] && _assay_dynamic arms $word\n"
    "    done\n"
    "}\n"
    "_assay() {\n"
    "    local state line curcontext=$curcontext\n"
    "    local -a list\n"
    "    typeset -A opt_args\n"
    "    _arguments -C '1:command:->command' '*::argument:->argument'\n"
    "    case $state in\n"
    "    command)\n"
    "        list=(";

/* A text inside single quotes inside a specification of _arguments. */
static void zsh_text(const char *text, FILE *out)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text))
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void zsh_place(const char *word, size_t n, FILE *out)
{
    char extension[16];
    completion_extension(word, n, extension);
    fprintf(out, ":%.*s:", (int)n, word);
    switch (completion_place(word, n)) {
    case PLACE_FILE:
        if (*extension)
            fprintf(out, "_files -g \"*.%s\"", extension);
        else
            fputs("_files", out);
        break;
    case PLACE_FOLDER:
        fputs("_files -/", out);
        break;
    case PLACE_RUN:
        fputs("_assay_dynamic runs", out);
        break;
    case PLACE_PLUGIN:
        fputs("_assay_dynamic plugins", out);
        break;
    case PLACE_ARM:
        fputs("_assay_arms", out);
        break;
    case PLACE_DATA:
        fputs("_assay_dynamic data", out);
        break;
    case PLACE_FREE:
        break;
    }
}

static void zsh_option(const option *o, FILE *out)
{
    const char *repeats = o->kind == OPTION_LIST ? "*" : "";
    fputs(" \\\n            ", out);
    if (o->letter && o->name)
        fprintf(out, "'(-%c --%s)'{-%c%s,--%s%s}'[", o->letter, o->name, o->letter, o->value ? "+" : "",
                o->name, o->value ? "=" : "");
    else if (o->name)
        fprintf(out, "'%s--%s%s[", repeats, o->name, o->value ? "=" : "");
    else
        fprintf(out, "'%s-%c%s[", repeats, o->letter, o->value ? "+" : "");
    zsh_text(o->doc, out);
    fputc(']', out);
    if (o->value)
        zsh_place(o->value, strlen(o->value), out);
    fputc('\'', out);
}

static void zsh_operands(const command *c, FILE *out)
{
    size_t n;
    bool several = completion_operand(c, 1, &n);
    const char *word;
    for (size_t i = 0; (word = completion_operand(c, i, &n)); i++) {
        if (several)
            fprintf(out, " \\\n            '%zu", i + 1);
        else
            fputs(" \\\n            '*", out);
        zsh_place(word, n, out);
        fputc('\'', out);
    }
}

void completion_zsh(FILE *out)
{
    fputs(zsh_begin, out);
    for (size_t i = 0; i < n_commands; i++) {
        fprintf(out, "\n            '%s:", commands[i]->name);
        zsh_text(commands[i]->doc, out);
        fputc('\'', out);
    }
    fputs("\n        )\n        _describe command list\n        ;;\n"
          "    argument)\n        case $line[1] in\n",
          out);
    for (size_t i = 0; i < n_commands; i++) {
        const command *c = commands[i];
        fprintf(out, "        %s)\n            _arguments '(-h --help)'{-h,--help}'[what it does]'", c->name);
        for (size_t k = 0; k < c->n_options; k++)
            zsh_option(&c->options[k], out);
        if (completion_has_literals(c)) {
            fputs(" \\\n            '1:what:(", out);
            completion_literals(c, out);
            fputs(")'", out);
        }
        zsh_operands(c, out);
        fputs(" ;;\n", out);
    }
    fputs("        esac ;;\n    esac\n}\n"
          "if [[ $funcstack[1] == _assay ]]; then\n    _assay \"$@\"\nelse\n    compdef _assay assay "
          "./assay\nfi\n",
          out);
}
