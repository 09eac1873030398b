/* What plugins there are and what their descriptors say, as JSON. */
#ifndef ASSAY_WORKER_PLUGINS_H
#define ASSAY_WORKER_PLUGINS_H

#include "plugin/load.h"

#include <cjson/cJSON.h>

/* One object a plugin that can be found, {"path":..., "error":...} for a file that cannot be loaded. Files
 * are opened in a child process, since opening runs their constructors: one that crashes is an error row.
 * Owned. */
cJSON *plugins_scan(as_error *e);

/* {"kind", "name", "version", "paper", "doc", "signature", "path", "abi", "source_hash",
 * "inputs" and "outputs": [{"name", "text", "optional", "below"}],
 * "params": [{"name", "type", "default", "limits", "doc", "unit"}]}, all texts but "optional"; what is empty
 * may be missing. Owned. */
cJSON *plugins_describe(const plugin *p);

/* Writes annotations for Lua language servers into a folder; prints the files' names. -> exit code */
int plugins_meta(const char *folder);

/* A text of an object, "" if there is none. */
const char *plugins_text(const cJSON *object, const char *name);

#endif
