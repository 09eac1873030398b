/* The list of sub-commands, in the order a newcomer meets them, and the overview of `assay --help`. */
#include "cli/cli.h"

#include "base/terminal.h"

#include <string.h>

const command *const commands[] = {
    &command_run,    &command_reproduce, &command_claims,    &command_sweep,  &command_tune,
    &command_runs,   &command_show,      &command_compare,   &command_plot,   &command_report,
    &command_serve,  &command_query,     &command_note,      &command_tag,    &command_rerun,
    &command_rm,     &command_gc,        &command_db,        &command_export, &command_repl,
    &command_script, &command_data,      &command_plugins,   &command_build,  &command_test,
    &command_bench,  &command_doctor,    &command_completion};
const size_t n_commands = COUNT_OF(commands);

const char commands_about[] =
    "Assay runs machine-learning experiments: a Lua script says what to do, plugins in C do it,\n"
    "and every run ends in one SQLite file.\n";

const command *command_find(const char *name)
{
    for (size_t i = 0; i < n_commands; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

void commands_overview(FILE *out)
{
    bool colours = terminal_colours(out);
    const char *bold = terminal_sequence(colours, TERMINAL_BOLD);
    const char *plain = terminal_sequence(colours, TERMINAL_PLAIN);
    fprintf(out, "%s\n%susage:%s assay COMMAND [ARGUMENTS]\n\n", commands_about, bold, plain);
    int width = 0;
    for (size_t i = 0; i < n_commands; i++)
        if ((int)strlen(commands[i]->name) > width)
            width = (int)strlen(commands[i]->name);
    for (size_t i = 0; i < n_commands; i++)
        fprintf(out, "  %s%-*s%s  %s\n", bold, width, commands[i]->name, plain, commands[i]->doc);
    fprintf(out,
            "\n%sexample:%s assay run experiments/quickstart.lua\n"
            "\nassay COMMAND --help says more, with an example; assay --version says which build this is.\n",
            bold, plain);
}
