/* assay plugins: loading plugins runs their constructors, so the engine does it. */
#include "cli/cli.h"

#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <string.h>

static int hand_on(int argc, char **argv)
{
    as_error e = {0};
    path_text worker;
    if (!path_of_worker(worker, &e))
        return command_failed(&e);
    option_list words = {0};
    bool ok = option_list_add(&words, worker);
    for (int i = 0; ok && i < argc; i++)
        ok = option_list_add(&words, argv[i]);
    if (!ok || !option_list_add(&words, NULL))
        error_set(&e, "out of memory");
    int code = e.text[0] ? -1 : process_run(words.item, &e);
    option_list_free(&words);
    return code < 0 ? command_failed(&e) : code;
}

static int run(const command *self, int argc, char **argv)
{
    bool known = argc > 1 && (strcmp(argv[1], "list") == 0 || strcmp(argv[1], "show") == 0);
    if (!known)
        return command_misused(self, "needs list or show%s%s; example: %s", argc > 1 ? ", not " : "",
                               argc > 1 ? argv[1] : "", self->example);
    return hand_on(argc, argv);
}

const command command_plugins = {
    .name = "plugins",
    .doc = "list the plugins that can be found, or show one",
    .operands = "list | show KIND/NAME  [--json]",
    .example = "assay plugins show losses/cross_entropy",
    .more = "Looked for in ./plugins, the folders of $ASSAY_PLUGIN_PATH, $XDG_DATA_HOME/assay/plugins and "
            "beside Assay\n"
            "itself, as KIND/NAME.so.\n",
    .hands_on = true,
    .run = run,
};
