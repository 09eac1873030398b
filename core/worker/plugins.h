/* Descriptors of plugins as JSON, for the mode `plugins`. */
#ifndef ASSAY_WORKER_PLUGINS_H
#define ASSAY_WORKER_PLUGINS_H

#include "plugin/load.h"

#include <cjson/cJSON.h>

/* One object a plugin that can be found, {"path":..., "error":...} for a file that cannot be loaded. Files
 * are opened in a child process, since opening runs their constructors: one that crashes is an error row.
 * Owned. */
cJSON *plugins_scan(as_error *e);

/* {"kind", "name", "version", "paper", "doc", "signature", "path", "abi", "source_hash"}. Owned. */
cJSON *plugins_describe(const plugin *p);

/* A text of an object, "" if there is none. */
const char *plugins_text(const cJSON *object, const char *name);

#endif
