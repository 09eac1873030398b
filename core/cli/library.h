/* Calling a command that is written in Lua: lua/assay/command/MODULE.lua, in a worker. */
#ifndef ASSAY_CLI_LIBRARY_H
#define ASSAY_CLI_LIBRARY_H

#include "cli/cli.h"

#include <cjson/cJSON.h>

/* Options that were not given are left out. */
void library_text(cJSON *options, const char *name, const char *text);
void library_count(cJSON *options, const char *name, int n);
void library_list(cJSON *options, const char *name, const option_list *list);

typedef enum {
    LIBRARY_RETURNS,
    LIBRARY_STAYS, /* the worker takes this process's place: Ctrl-C and kill reach it */
} library_end;

/* Takes the options. -> the exit code, all said */
int library_call(const char *module, cJSON *options, library_end end);

#endif
