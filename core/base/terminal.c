#include "base/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool terminal_understands(FILE *out)
{
    const char *term = getenv("TERM");
    return isatty(fileno(out)) && term && *term && strcmp(term, "dumb") != 0;
}

bool terminal_colours(FILE *out)
{
    const char *no_color = getenv("NO_COLOR");
    return terminal_understands(out) && !(no_color && *no_color);
}

const char *terminal_sequence(bool colours, terminal_style style)
{
    static const char *const sequences[] = {
        [TERMINAL_PLAIN] = "\033[0m",
        [TERMINAL_BOLD] = "\033[1m",
        [TERMINAL_GOOD] = "\033[32m",
        [TERMINAL_BAD] = "\033[31m",
    };
    return colours ? sequences[style] : "";
}
