/* What of a data set is on this machine. */
#ifndef ASSAY_CLI_DATA_STATE_H
#define ASSAY_CLI_DATA_STATE_H

#include "data/sets.h"

#include <cjson/cJSON.h>

typedef struct {
    size_t found;           /* files */
    size_t bytes;           /* on disk if all are found, else what there is to fetch, about */
    char folder[DATA_PATH]; /* of the first one found, else empty */
} data_state;

data_state data_state_of(const data_set *set);

/* "in FOLDER", "missing; assay data get mnist". Returns `out`. */
const char *data_state_text(const data_set *set, const data_state *s, char *out, size_t room);

/* "30.9 MB". Returns `out`. */
const char *data_size_text(size_t bytes, char out[32]);

/* Of every set: {"name", "doc", "complete", "bytes", "package", "addresses", "files": [{"name", "path",
 * "content_sha256"}]}; path is null for a file that is missing. Owned. */
cJSON *data_state_json(void);

#endif
