/* assay build FILE.c...: plugins outside the tree. */
#include "cli/build.h"

#include <string.h>

static struct {
    const char *out, *cc;
    bool watch;
} given;

static const option options[] = {
    {"output", 'o', OPTION_TEXT, &given.out, "OUT.so",
     "where the plugin goes, of one file; where the search finds it if not given"},
    {"watch", 'w', OPTION_FLAG, &given.watch, NULL, "build again whenever a source is saved; Ctrl-C ends it"},
    {"cc", 0, OPTION_TEXT, &given.cc, "CC", "the compiler (else $CC or $CXX, else cc or c++)"},
};

static bool right_use(const command *self, const option_list *files)
{
    bool right = files->n > 0 && (files->n == 1 || !given.out);
    if (files->n == 0)
        command_misused(self, "needs a C file; example: %s", self->example);
    else if (!right)
        command_misused(self, "--output is for one file, got %zu", files->n);
    for (size_t i = 0; right && i < files->n; i++)
        if (!build_is_source(files->item[i])) {
            command_misused(self, "%s: expected a C or C++ file, NAME.c or NAME.cc", files->item[i]);
            right = false;
        }
    return right;
}

static int build_all(const option_list *files)
{
    int code = EXIT_OK;
    for (size_t i = 0; i < files->n; i++) {
        path_text goal;
        as_error e = {0};
        if (build_plugin(files->item[i], given.out, given.cc, goal, &e))
            printf("%s\n", goal);
        else
            code = command_failed(&e);
    }
    return code;
}

static int run(const command *self, int argc, char **argv)
{
    option_list files = {0};
    int code = EXIT_USAGE;
    if (command_read(self, argc, argv, &files) && right_use(self, &files))
        code = given.watch ? build_watch(&files, given.out, given.cc) : build_all(&files);
    option_list_free(&files);
    return code;
}

const command command_build = {
    .name = "build",
    .doc = "compile plugins outside the source tree",
    .operands = "FILE.c...",
    .example = "assay build plugins/losses/poly1.c",
    .more =
        "Prints the files it made, once the host has found their descriptors in order. One in a folder\n"
        "of its kind (losses/poly1.c) becomes losses/poly1.so beside it; any other goes to\n"
        "plugins/KIND/NAME.so here. C++ files are welcome. To link a library, call the compiler yourself:\n"
        "cc -shared -fPIC $(pkg-config --cflags assay) x.c -o x.so\n",
    .options = options,
    .n_options = COUNT_OF(options),
    .run = run,
};
