/* assay serve: the pages of assay report, live, for browsers on this machine. */
#include "cli/library.h"

#include <stdlib.h>

static struct {
    const char *db;
    int port;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {"port", 0, OPTION_COUNT, &given.port, "N", "to listen on; a free one from 8080 on if not given"},
};

static int run(const command *self, int argc, char **argv)
{
    if (!command_read(self, argc, argv, NULL))
        return EXIT_USAGE;
    if (given.port > 65535)
        return command_misused(self, "--port %d: ports end at 65535", given.port);
    store *s = command_open(given.db);
    if (!s)
        return EXIT_FAILED;
    cJSON *json = cJSON_CreateObject();
    library_text(json, "db", store_path(s));
    library_text(json, "artifacts", store_artifacts(s));
    library_count(json, "port", given.port);
    store_close(s); /* the worker opens its own, for reading */
    return library_call("serve", json, LIBRARY_STAYS);
}

const command command_serve = {
    .name = "serve",
    .doc = "show the pages of assay report in a browser on this machine, live while runs go on",
    .operands = "",
    .example = "assay serve --port 8080",
    .more = "It listens on 127.0.0.1 alone, reads and never writes, and ends with Ctrl-C.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
