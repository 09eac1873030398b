/* plugins list | show | new | meta */
#ifndef ASSAY_WORKER_PLUGINS_H
#define ASSAY_WORKER_PLUGINS_H

#include "plugin/index.h"

/* One plugin's page, or those of a file. -> exit code */
int plugins_show(const char *what, bool as_json);

/* What is doubtful about a plugin, behind its line. */
void plugins_print_doubts(const cJSON *row);

/* Writes annotations for Lua language servers into a folder; prints the files' names. -> exit code */
int plugins_meta(const char *folder);

#endif
