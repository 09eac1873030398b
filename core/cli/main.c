/* assay: finds the sub-command and hands it its arguments. */
#include "cli/cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* -h or --help among the arguments, before any "--". */
static bool asks_for_help(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
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
        commands_overview(stderr);
        return EXIT_USAGE;
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0) {
        const command *about = argc > 2 ? command_find(argv[2]) : NULL;
        if (argc > 2 && !about)
            return command_unknown(argv[2]);
        if (about)
            command_help(about, stdout);
        else
            commands_overview(stdout);
        return finish(EXIT_OK);
    }
    if (strcmp(word, "--version") == 0) {
        printf("assay %s\n", ASSAY_VERSION);
        return finish(EXIT_OK);
    }
    if (strcmp(word, "--man") == 0) { /* for the build */
        commands_manual(stdout, ASSAY_VERSION);
        return finish(EXIT_OK);
    }
    const command *c = command_find(word);
    if (!c)
        return command_unknown(word);
    if (asks_for_help(argc - 1, argv + 1)) {
        command_help(c, stdout);
        return finish(EXIT_OK);
    }
    return finish(c->run(c, argc - 1, argv + 1));
}
