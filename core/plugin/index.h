/* What plugins there are and what their descriptors say, as JSON, without loading them: an index in
 * $XDG_CACHE_HOME/assay (else ~/.cache/assay) keeps what each file (path, time of change, size) said when
 * this program opened it, once, in a child process: opening runs constructors. A damaged index is made anew;
 * two processes may write it, each as a whole. */
#ifndef ASSAY_PLUGIN_INDEX_H
#define ASSAY_PLUGIN_INDEX_H

#include "plugin/find.h"
#include "plugin/load.h"

#include <cjson/cJSON.h>

/* One object a plugin that can be found, of one kind or (NULL) of all, as index_describe makes them, and
 *   "hides"    files of this kind and name that come later in the search
 *   "stale"    its source, which has changed since the build; "rebuild" the command
 * {"path":..., "error":...} for a file that cannot be loaded. Owned: cJSON_Delete. NULL and e. */
cJSON *index_rows(const char *kind, as_error *e);

/* {"kind", "name", "version", "paper", "doc", "signature", "path", "abi", "source_hash",
 * "inputs" and "outputs": [{"name", "text", "optional", "below"}],
 * "params": [{"name", "type", "default", "limits", "doc", "unit"}]}, all texts but "optional"; what is empty
 * may be missing. Owned. */
cJSON *index_describe(const plugin *p);

/* A text of an object, "" if there is none. */
const char *index_text(const cJSON *object, const char *name);

/* The source hash of the plugin KIND/NAME in another file; empty when that cannot be loaded. */
void index_source_hash(const char *path, const char *kind, const char *name, char out[65]);

/* Opens the files whose place in `rows` is NULL in a child, and again behind one that ended it; each gets its
 * list of rows. */
bool index_scan(char *const *paths, cJSON **rows, int n, as_error *e);

#endif
