/* The completion script for bash. */
#include "cli/completion.h"

#include <string.h>

static const char bash_begin[] =
    "# Completion of assay in bash. Once: source <(assay completion bash). For good: put that line into\n"
    "# ~/.bashrc, or the output into ~/.local/share/bash-completion/completions/assay\n"
    "_assay_words() {\n"
    "    COMPREPLY+=($(compgen -W \"$1\" -- \"$cur\"))\n"
    "}\n"
    "_assay_files() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY+=($(compgen -d -- \"$cur\"))\n"
    "    COMPREPLY+=($(compgen -f -X \"!*${1:+.$1}\" -- \"$cur\" | while read -r f; do\n"
    "        [ -d \"$f\" ] || echo \"$f\"\n"
    "    done))\n"
    "}\n"
    "_assay_folders() {\n"
    "    compopt -o filenames 2>/dev/null\n"
    "    local IFS=$'\\n'\n"
    "    COMPREPLY+=($(compgen -d -- \"$cur\"))\n"
    "}\n"
    "_assay_dynamic() {\n"
    "    _assay_words \"$(\"${COMP_WORDS[0]}\" completion \"$@\" 2>/dev/null)\"\n"
    "}\n"
    "_assay_arms() {\n"
    "    local word\n"
    "    for word in \"${COMP_WORDS[@]}\"; do\n"
    "        case $word in *.lua) _assay_dynamic arms \"$word\" ;; esac\n"
    "    done\n"
    "}\n"
    "_assay_given() {\n"
    "    local word\n"
    "    for word in \"${COMP_WORDS[@]:2:COMP_CWORD-2}\"; do\n"
    "        [[ $word == *.$1 ]] && return\n"
    "    done\n"
    "    return 1\n"
    "}\n"
    "_assay() {\n"
    "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
    "    COMPREPLY=()\n"
    "    if ((COMP_CWORD == 1)); then\n";

static void bash_place(const char *word, size_t n, FILE *out)
{
    char extension[16];
    completion_extension(word, n, extension);
    switch (completion_place(word, n)) {
    case PLACE_FILE:
        fprintf(out, "_assay_files %s", extension);
        break;
    case PLACE_FOLDER:
        fputs("_assay_folders", out);
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
        fputc(':', out);
        break;
    }
}

static void bash_options(const command *c, FILE *out)
{
    bool values = false;
    for (size_t i = 0; i < c->n_options; i++) {
        const option *o = &c->options[i];
        if (!o->value)
            continue;
        if (!values)
            fputs("        case $prev in\n", out);
        values = true;
        fputs("        ", out);
        if (o->letter)
            fprintf(out, "-%c%s", o->letter, o->name ? " | " : "");
        fprintf(out, "%s%s) ", o->name ? "--" : "", o->name ? o->name : "");
        bash_place(o->value, strlen(o->value), out);
        fputs("; return ;;\n", out);
    }
    if (values)
        fputs("        esac\n", out);
    fputs("        if [[ $cur == -* ]]; then\n            _assay_words \"--help", out);
    for (size_t i = 0; i < c->n_options; i++)
        if (c->options[i].name)
            fprintf(out, " --%s", c->options[i].name);
    fputs("\"\n            return\n        fi\n", out);
}

/* The first operand; once it stands on the line, the second. */
static void bash_operands(const command *c, FILE *out)
{
    size_t n, n_next;
    const char *word = completion_operand(c, 0, &n), *next = completion_operand(c, 1, &n_next);
    char extension[16];
    if (!word)
        return;
    fputs("        ", out);
    if (next) {
        completion_extension(word, n, extension);
        fprintf(out, "if _assay_given %s; then ", extension);
        bash_place(next, n_next, out);
        fputs("; else ", out);
    }
    bash_place(word, n, out);
    fputs(next ? "; fi\n" : "\n", out);
}

void completion_bash(FILE *out)
{
    fputs(bash_begin, out);
    fputs("        _assay_words \"--help --version help", out);
    for (size_t i = 0; i < n_commands; i++)
        fprintf(out, " %s", commands[i]->name);
    fputs("\"\n        return\n    fi\n    case ${COMP_WORDS[1]} in\n    help) _assay_words \"", out);
    for (size_t i = 0; i < n_commands; i++)
        fprintf(out, "%s%s", i ? " " : "", commands[i]->name);
    fputs("\" ;;\n", out);
    for (size_t i = 0; i < n_commands; i++) {
        const command *c = commands[i];
        fprintf(out, "    %s)\n", c->name);
        bash_options(c, out);
        if (completion_has_literals(c)) {
            fputs("        if ((COMP_CWORD == 2)); then\n            _assay_words \"", out);
            completion_literals(c, out);
            fputs("\"\n            return\n        fi\n", out);
        }
        bash_operands(c, out);
        fputs("        ;;\n", out);
    }
    fputs("    esac\n}\ncomplete -F _assay assay ./assay\n", out);
}
