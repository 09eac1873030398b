/* assay plot KIND: a chart of the database or of a file of numbers. */
#include "cli/library.h"

#include "base/suggest.h"

#include <string.h>

static struct {
    const char *db, *out, *title, *band, *scale;
    option_list arm;
    int width, height, columns, bins;
} given;

static const option options[] = {
    {"db", 0, OPTION_TEXT, &given.db, "FILE", "the database (else $ASSAY_DB, else results/assay.db)"},
    {NULL, 'o', OPTION_TEXT, &given.out, "FILE", "where to, .svg or .png; else SVG on stdout"},
    {"arm", 0, OPTION_LIST, &given.arm, "ARM", "this arm only; may be repeated"},
    {"title", 0, OPTION_TEXT, &given.title, "TEXT", "above the chart"},
    {"width", 0, OPTION_COUNT, &given.width, "N", "pixels, 800 if not given"},
    {"height", 0, OPTION_COUNT, &given.height, "N", "pixels"},
    {"log", 0, OPTION_TEXT, &given.scale, "AXES", "axes of logarithms: x, y or xy"},
    {"band", 0, OPTION_TEXT, &given.band, "WHICH", "of curves: ci95, range or none"},
    {"bins", 0, OPTION_COUNT, &given.bins, "N", "of a histogram"},
    {"columns", 0, OPTION_COUNT, &given.columns, "N", "of images"},
};

/* What follows each kind: names from the database; 0 where it takes a file alone. */
static const struct {
    const char *name;
    size_t names;
    const char *form;
} kinds[] = {
    {"curves", 2, "curves EXPERIMENT METRIC"},
    {"bars", 2, "bars EXPERIMENT METRIC"},
    {"scatter", 3, "scatter EXPERIMENT METRIC METRIC"},
    {"histogram", 2, "histogram EXPERIMENT METRIC"},
    {"heat", 4, "heat EXPERIMENT METRIC PARAMETER PARAMETER"},
    {"images", 0, "images FILE.npy"},
    {"density", 0, "density FILE.npy"},
};

static bool is_file(const char *word)
{
    size_t n = strlen(word);
    return n > 4 && strcmp(word + n - 4, ".npy") == 0;
}

/* The kind's place in the table; COUNT_OF(kinds) (and said) if the words are no chart. */
static size_t kind_of(const command *self, const option_list *words)
{
    size_t i = 0;
    const char *names[COUNT_OF(kinds)];
    for (; words->n > 0 && i < COUNT_OF(kinds) && strcmp(words->item[0], kinds[i].name) != 0; i++)
        names[i] = kinds[i].name;
    if (words->n == 0) {
        command_misused(self, "needs a kind of chart; example: %s", self->example);
        return COUNT_OF(kinds);
    }
    if (i == COUNT_OF(kinds)) {
        const char *near = suggest(words->item[0], names, COUNT_OF(kinds));
        command_misused(self,
                        "no kind of chart \"%s\"%s%s%s; there are curves, bars, scatter, histogram, heat, "
                        "images and density",
                        words->item[0], near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
        return i;
    }
    bool file = words->n == 2 && is_file(words->item[1]) && strcmp(kinds[i].name, "bars") != 0;
    if (file || (kinds[i].names > 0 && words->n == kinds[i].names + 1))
        return i;
    command_misused(self, "expected assay plot %s%s", kinds[i].form,
                    kinds[i].names > 0 && i != 1 ? ", or FILE.npy in place of the names" : "");
    return COUNT_OF(kinds);
}

static int draw(const option_list *words)
{
    cJSON *json = cJSON_CreateObject();
    option_list names = {.item = words->item + 1, .n = words->n - 1};
    library_text(json, "kind", words->item[0]);
    library_text(json, "db", given.db);
    library_text(json, "out", given.out);
    library_text(json, "title", given.title);
    library_text(json, "band", given.band);
    library_text(json, "log", given.scale);
    library_list(json, "names", &names);
    library_list(json, "arms", &given.arm);
    library_count(json, "width", given.width);
    library_count(json, "height", given.height);
    library_count(json, "bins", given.bins);
    library_count(json, "columns", given.columns);
    return library_call("plot", json, LIBRARY_RETURNS);
}

static int run(const command *self, int argc, char **argv)
{
    option_list words = {0};
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &words) && kind_of(self, &words) < COUNT_OF(kinds))
        code = draw(&words);
    option_list_free(&words);
    return code;
}

const command command_plot = {
    .name = "plot",
    .doc = "draw curves, bars, points, histograms, heat maps, images as SVG or PNG",
    .operands =
        "curves | bars | scatter | histogram | heat | images | density [EXPERIMENT METRIC...] [FILE.npy]",
    .example = "assay plot curves quickstart test/accuracy -o curves.svg",
    .more =
        "curves, bars, histogram EXPERIMENT METRIC; scatter EXPERIMENT METRIC METRIC; heat EXPERIMENT "
        "METRIC\n"
        "PARAMETER PARAMETER (the mean over all done runs). Each arm is a series; of each arm and seed one "
        "run\n"
        "counts, the one a verdict rests on, else the newest. All but bars also draw the numbers of a "
        "FILE.npy:\n"
        "curves [n] or [seeds,n], scatter and density [n,2], histogram any, heat [h,w], images [n,h,w] or\n"
        "[n,c,h,w].\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
