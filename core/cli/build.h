/* One plugin outside the tree, compiled as the tree compiles its own. */
#ifndef ASSAY_CLI_BUILD_H
#define ASSAY_CLI_BUILD_H

#include "cli/cli.h"
#include "supervisor/paths.h"

/* Whether the name ends as a source of C or C++ does. */
bool build_is_source(const char *path);

/* Compiles SOURCE, has the host look at what came out, and puts it to `out`, or (NULL) where the search finds
 * it: beside a source in a folder KIND, else plugins/KIND/NAME.so. The compiler's messages go to stderr as
 * they are. *goal is the file made. */
bool build_plugin(const char *source, const char *out, const char *cc, path_text goal, as_error *e);

/* Builds each source now and whenever it is saved; a failure is told and waits for the next save. Returns
 * when it cannot watch. */
int build_watch(const option_list *sources, const char *out, const char *cc);

#endif
