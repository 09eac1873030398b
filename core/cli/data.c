/* assay data list | get NAME: data sets, where they are and how they come. */
#include "cli/cli.h"

#include "base/suggest.h"
#include "cli/data_state.h"
#include "cli/fetch.h"

#include <string.h>

static struct {
    bool json;
} given;

static const option options[] = {
    {"json", 0, OPTION_FLAG, &given.json, NULL, "the list as JSON, file by file"},
};

/* ---- list ---- */

/* "package dataset-fashion-mnist, else http://..." */
static void origin_text(const data_set *set, char *out, size_t room)
{
    size_t n = 0;
    if (set->package)
        n = (size_t)snprintf(out, room, "package %s", set->package);
    for (size_t k = 0; k < DATA_ADDRESSES && set->address[k] && n < room; k++)
        n += (size_t)snprintf(out + n, room - n, "%s%s", n ? ", else " : "", set->address[k]);
}

static int list(void)
{
    if (given.json) {
        cJSON *json = data_state_json();
        char *text = cJSON_Print(json);
        cJSON_Delete(json);
        puts(text ? text : "[]");
        cJSON_free(text);
        return EXIT_OK;
    }
    int width = 0;
    for (size_t i = 0; i < data_set_count; i++)
        if ((int)strlen(data_sets[i].name) > width)
            width = (int)strlen(data_sets[i].name);
    for (size_t i = 0; i < data_set_count; i++) {
        const data_set *set = &data_sets[i];
        data_state s = data_state_of(set);
        char size[32], origin[512], where[DATA_PATH + 64];
        origin_text(set, origin, sizeof origin);
        printf("%-*s  %8s  %s\n", width, set->name, data_size_text(s.bytes, size),
               data_state_text(set, &s, where, sizeof where));
        printf("%*s  %s\n%*s  from %s\n", width + 10, "", set->doc, width + 10, "", origin);
    }
    return EXIT_OK;
}

/* ---- get ---- */

static int get(const command *self, const option_list *names)
{
    const char *known[32];
    for (size_t i = 0; i < data_set_count; i++)
        known[i] = data_sets[i].name;
    for (size_t i = 0; i < names->n; i++)
        if (!data_set_named(names->item[i])) {
            const char *near = suggest(names->item[i], known, data_set_count);
            return command_misused(self, "no data set \"%s\"%s%s%s", names->item[i],
                                   near ? "; did you mean \"" : "; assay data list shows them",
                                   near ? near : "", near ? "\"?" : "");
        }
    for (size_t i = 0; i < names->n; i++) {
        const data_set *set = data_set_named(names->item[i]);
        as_error e = {0};
        if (!fetch_set(set, stderr, &e))
            return command_failed(&e);
        printf("%s\n", data_state_of(set).folder);
    }
    return EXIT_OK;
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &words)) {
        const char *verb = words.n ? words.item[0] : "";
        option_list names = {0};
        if (words.n > 1)
            names = (option_list){words.item + 1, words.n - 1};
        if (strcmp(verb, "list") == 0 && names.n == 0)
            code = list();
        else if (strcmp(verb, "get") == 0 && names.n > 0)
            code = get(self, &names);
        else if (strcmp(verb, "get") == 0)
            code = command_misused(self, "get needs a name; assay data list shows them");
        else
            code = command_misused(self, "needs list, or get and a name; example: %s", self->example);
    }
    option_list_free(&words);
    return code;
}

const command command_data = {
    .name = "data",
    .doc = "list the data sets Assay can fetch, or fetch some",
    .operands = "list | get DATASET...",
    .example = "assay data get fashion-mnist",
    .more =
        "Data sets are found in $ASSAY_DATA, ~/.cache/assay and /usr/share/datasets, each in a folder of "
        "its name.\n"
        "What is missing goes to the first of them: out of a Debian or Ubuntu package (nothing is\n"
        "installed), else from its address through curl. The SHA-256 of every file's content must be the\n"
        "known one. An interrupted download goes on where it ended. Prints the folder.\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
