/* assay plugins: loading plugins runs their constructors, so the engine does it. */
#include "cli/plugins_check.h"

#include "supervisor/paths.h"
#include "supervisor/process.h"

#include <stdlib.h>
#include <string.h>

static struct {
    bool json, all, lua;
    const char *folder, *db;
    int seconds;
} given;

static const option options[] = {
    {"json", 0, OPTION_FLAG, &given.json, NULL,
     "list, show, check: as JSON, with parameters, hashes and paths"},
    {"output", 'o', OPTION_TEXT, &given.folder, "DIR", "meta: where the files go; lua/meta if not given"},
    {"lua", 0, OPTION_FLAG, &given.lua, NULL, "new: a plugin in Lua, for a first sketch"},
    {"all", 'a', OPTION_FLAG, &given.all, NULL, "check: every plugin that can be found"},
    {"seconds", 0, OPTION_COUNT, &given.seconds, "N", "check: what a plugin may take; 60 if not given"},
    {"db", 0, OPTION_TEXT, &given.db, "FILE",
     "check, show: where reports are kept; results/assay.db if not given"},
};

static int hand_on(const option_list *words)
{
    as_error e = {0};
    path_text worker;
    if (!path_of_worker(worker, &e))
        return command_failed(&e);
    const char *argv[8] = {worker, "plugins"};
    size_t n = 2;
    for (size_t i = 0; i < words->n; i++)
        argv[n++] = words->item[i];
    if (given.folder)
        argv[n++] = given.folder;
    if (given.lua)
        argv[n++] = "--lua";
    if (given.json)
        argv[n++] = "--json";
    int code = process_run(argv, &e);
    return code < 0 ? command_failed(&e) : code;
}

static int check_words(const command *self, const option_list *words)
{
    if (given.folder)
        return command_misused(self, "--output is for meta");
    if (given.all == (words->n > 1))
        return command_misused(self, "check needs KIND/NAME, FILE.so or --all");
    return plugins_check(&(plugins_check_options){.what = words->item + 1,
                                                  .n = words->n - 1,
                                                  .all = given.all,
                                                  .json = given.json,
                                                  .seconds = given.seconds > 0 ? given.seconds : 60,
                                                  .db = given.db});
}

static int run_words(const command *self, const option_list *words)
{
    const char *what = words->n ? words->item[0] : "";
    if (strcmp(what, "check") == 0)
        return check_words(self, words);
    bool list = strcmp(what, "list") == 0, show = strcmp(what, "show") == 0, meta = strcmp(what, "meta") == 0;
    bool make = strcmp(what, "new") == 0;
    if (given.all || (given.db && !show))
        return command_misused(self, given.all ? "--all is for check" : "--db is for check and show");
    if (given.db)
        setenv("ASSAY_DB", given.db, 1);
    if (!list && !show && !meta && !make)
        return command_misused(self, "needs list, show, new, check or meta%s%s; example: %s",
                               *what ? ", not " : "", what, self->example);
    if (show && words->n != 2)
        return command_misused(self, "show needs one plugin, got %zu; assay plugins list names them",
                               words->n - 1);
    if (make && words->n != 2)
        return command_misused(self, "new needs one KIND/NAME, as losses/mine");
    if (!show && !make && words->n != 1)
        return command_misused(self, "unexpected argument \"%s\"", words->item[1]);
    if ((meta || make) && given.json)
        return command_misused(self, "%s writes files; --json is for list and show", what);
    if (!make && given.lua)
        return command_misused(self, "--lua is for new");
    if (!meta && given.folder)
        return command_misused(self, "--output is for meta");
    return hand_on(words);
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = command_read(self, argc, argv, &words) ? run_words(self, &words) : EXIT_USAGE;
    option_list_free(&words);
    return code;
}

const command command_plugins = {
    .name = "plugins",
    .doc = "list the plugins that can be found, show or check them, or tell an editor about all of them",
    .operands = "list | show KIND/NAME | new KIND/NAME | check KIND/NAME... | meta",
    .example = "assay plugins show losses/cross_entropy",
    .more =
        "A plugin is a file KIND/NAME.so, or KIND/NAME.lua, in ./plugins, a folder of $ASSAY_PLUGIN_PATH,\n"
        "$XDG_DATA_HOME/assay/plugins (else ~/.local/share/...) or beside Assay itself; the first one is\n"
        "taken. What descriptors say is kept in ~/.cache/assay ($XDG_CACHE_HOME). new writes a plugin, its\n"
        "known answer and a small experiment, which run as they are. check proves what docs/checks.md\n"
        "lists, each plugin in a process of its own, and keeps the report. meta writes annotations of\n"
        "Lua's functions, tensors and every plugin's parameters for lua-language-server, which finds them\n"
        "through \"workspace.library\" in .luarc.json.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
