/* Where Assay's own files are, seen from the running program: in a build tree it stands in ROOT/build/NAME/,
 * installed in PREFIX/bin/. */
#ifndef ASSAY_SUPERVISOR_PATHS_H
#define ASSAY_SUPERVISOR_PATHS_H

#include "base/error.h"

#include <limits.h>

typedef char path_text[PATH_MAX];

/* FOLDER/NAME. Fails "...: the path is too long". */
bool path_join(path_text out, const char *folder, const char *name, as_error *e);

/* The folder of the running program. */
bool path_of_program(path_text out, as_error *e);

/* The engine: $ASSAY_WORKER if set, else assay-worker beside this program, else
 * ../libexec/assay/assay-worker. Fails with the places it looked in. */
bool path_of_worker(path_text out, as_error *e);

/* The folder that holds assay/plugin.h. */
bool path_of_headers(path_text out, as_error *e);

/* A file of the source tree or of PREFIX/share/assay, by its path below either: "bench/bench.lua". */
bool path_of_shared(const char *name, path_text out, as_error *e);

#endif
