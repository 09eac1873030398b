/* assay: finds the sub-command and hands it its arguments. */
#include "cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const command *const commands[] = {&command_run,  &command_runs,  &command_show,  &command_query,
                                          &command_test, &command_bench, &command_build, &command_plugins};

static void print_overview(FILE *out)
{
    fputs("usage: assay COMMAND [ARGUMENTS]\n\n", out);
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        fprintf(out, "  %-8s %s\n", commands[i]->name, commands[i]->doc);
    fputs("\n  assay COMMAND --help says more, with an example; assay --version says which build this is\n",
          out);
}

static const command *find(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

/* -h or --help among the arguments, before any "--". A command that hands its arguments on knows only a
 * leading one. */
static bool asks_for_help(const command *c, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
        if (c->hands_on)
            return false;
    }
    return false;
}

/* Whatever is opened later must not become descriptor 0, 1 or 2. */
static void fill_standard_descriptors(void)
{
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Results that could not be written are a failure, and are told. */
static int finish(int code)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return code;
    fputs("cannot write to stdout\n", stderr);
    return code == EXIT_OK ? EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    if (argc < 2) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        const command *about = argc > 2 ? find(argv[2]) : NULL;
        if (about)
            command_help(about, stdout);
        else
            print_overview(stdout);
        return finish(EXIT_OK);
    }
    if (strcmp(word, "--version") == 0) {
        printf("assay %s\n", ASSAY_VERSION);
        return finish(EXIT_OK);
    }
    const command *c = find(word);
    if (!c) {
        const char *names[COUNT_OF(commands)];
        for (size_t i = 0; i < COUNT_OF(commands); i++)
            names[i] = commands[i]->name;
        return command_unknown(word, names, COUNT_OF(commands));
    }
    if (asks_for_help(c, argc - 1, argv + 1)) {
        command_help(c, stdout);
        return finish(EXIT_OK);
    }
    return finish(c->run(c, argc - 1, argv + 1));
}
