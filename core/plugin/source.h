/* The source beside a built plugin, and whether the build is older. */
#ifndef ASSAY_PLUGIN_SOURCE_H
#define ASSAY_PLUGIN_SOURCE_H

#include "plugin/find.h"

typedef struct {
    char path[FIND_PATH];         /* of the source */
    char command[FIND_PATH + 32]; /* that builds it again */
} plugin_source;

/* The source of a .so: NAME.c, .cc or .cpp beside it, or ROOT/plugins/KIND/NAME.c for ROOT/build/x/plugins.
 * False when neither is there. */
bool source_find(const char *so, plugin_source *s);

/* Whether that source is newer than the .so and has another hash than the one compiled in. */
bool source_changed(const char *so, const char *hash, plugin_source *s);

#endif
