/* Lines from whoever types them: with editing, history and completion on a terminal (through libedit where it
 * was there at configure time), plainly from a pipe or file. */
#ifndef ASSAY_WORKER_LINES_H
#define ASSAY_WORKER_LINES_H

#include <signal.h>
#include <stdbool.h>

typedef struct lines lines;

typedef enum { LINES_TEXT, LINES_END, LINES_INTERRUPTED } lines_result;

/* What Tab does behind the text before the cursor: `insert` is put there; if that is NULL, `show` is printed
 * below, and the line again after it. Both are owned by the reader (malloc) and may be NULL. */
typedef void lines_complete(void *self, const char *before, char **insert, char **show);

typedef struct {
    const char *history; /* the file; its folder is made. NULL for none */
    lines_complete *complete;
    void *self; /* for complete */
    const volatile sig_atomic_t
        *interrupted; /* set by the caller's handler of SIGINT, which must not restart reads */
} lines_options;

/* NULL when out of memory. Borrows what the options point to. */
lines *lines_open(const lines_options *o);
void lines_close(lines *l);

/* Whether someone sits at a terminal: then there are prompts. */
bool lines_interactive(const lines *l);

/* One line without its end, valid until the next call. */
lines_result lines_read(lines *l, const char *prompt, const char **text);

/* Puts a line into the history, and at once into its file: a crash loses none. */
void lines_remember(lines *l, const char *text);

#endif
