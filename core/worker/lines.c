#include "worker/lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef ASSAY_LIBEDIT
#include "base/folder.h"

#include <histedit.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <wchar.h>
#endif

struct lines {
    lines_options o;
    bool interactive;
    char *line; /* the last one read plainly */
    size_t room;
#ifdef ASSAY_LIBEDIT
    EditLine *editor; /* NULL: plain reading */
    History *history;
    const char *prompt;
#endif
};

/* ---- plain ---- */

static lines_result read_plain(lines *l, const char *prompt, const char **text)
{
    if (l->interactive) {
        fputs(prompt, stdout);
        fflush(stdout);
    }
    errno = 0;
    ssize_t n = getline(&l->line, &l->room, stdin);
    if (n < 0) {
        bool again = errno == EINTR && *l->o.interrupted;
        clearerr(stdin);
        return again ? LINES_INTERRUPTED : LINES_END;
    }
    if (n > 0 && l->line[n - 1] == '\n')
        l->line[n - 1] = 0;
    *text = l->line;
    return LINES_TEXT;
}

#ifdef ASSAY_LIBEDIT

/* ---- history ---- */

enum { HISTORY_LINES = 2000 };

static void make_folder_of(const char *path)
{
    as_error ignored = {0}; /* if it cannot be made, there is no history */
    char *folder = strndup(path, (size_t)(strrchr(path, '/') - path));
    if (folder)
        folder_make(folder, &ignored);
    free(folder);
}

/* Replaces the file by what was kept of it: it has grown beyond that. */
static void shorten_history(lines *l)
{
    char temporary[PATH_MAX];
    HistEvent event;
    int n = snprintf(temporary, sizeof temporary, "%s.%ld", l->o.history, (long)getpid());
    if (n < (int)sizeof temporary && history(l->history, &event, H_SAVE, temporary) >= 0)
        rename(temporary, l->o.history);
}

static void open_history(lines *l)
{
    HistEvent event;
    l->history = history_init();
    if (!l->history)
        return;
    history(l->history, &event, H_SETSIZE, HISTORY_LINES);
    history(l->history, &event, H_SETUNIQUE, 1);
    el_set(l->editor, EL_HIST, history, l->history);
    if (!l->o.history)
        return;
    make_folder_of(l->o.history);
    if (history(l->history, &event, H_LOAD, l->o.history) > HISTORY_LINES)
        shorten_history(l);
}

static void remember(lines *l, const char *text)
{
    HistEvent event;
    if (!l->history || history(l->history, &event, H_ENTER, text) <= 0 || !l->o.history)
        return; /* 0: the same line as before */
    FILE *f = fopen(l->o.history, "ae");
    if (!f)
        return;
    fseek(f, 0, SEEK_END); /* at the start of an empty file libedit writes its first line */
    history(l->history, &event, H_NSAVE_FP, (size_t)1, f);
    fclose(f);
}

/* ---- the editor ---- */

static char *give_prompt(EditLine *editor)
{
    lines *l;
    el_get(editor, EL_CLIENTDATA, &l);
    return (char *)(uintptr_t)l->prompt; /* libedit only reads it */
}

static volatile sig_atomic_t resized;

static void note_resize(int signal_number)
{
    (void)signal_number;
    resized = 1;
}

/* Waits for a byte; -1 after Ctrl-C, also one that came just before. */
static int wait_for_byte(lines *l, EditLine *editor)
{
    struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};
    sigset_t interrupt, before;
    sigemptyset(&interrupt);
    sigaddset(&interrupt, SIGINT);
    pthread_sigmask(SIG_BLOCK, &interrupt, &before);
    int n = -1;
    while (n < 0 && !*l->o.interrupted) {
        n = ppoll(&in, 1, NULL, &before);
        if (n < 0 && errno != EINTR)
            break;
        if (resized)
            el_resize(editor);
        resized = 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return *l->o.interrupted ? -1 : n;
}

/* One letter from the terminal. libedit's own reader tries again after the first signal, so that Ctrl-C would
 * have to be pressed twice. */
static int read_letter(EditLine *editor, wchar_t *out)
{
    lines *l;
    el_get(editor, EL_CLIENTDATA, &l);
    mbstate_t state = {0};
    for (;;) {
        char byte;
        if (wait_for_byte(l, editor) < 0)
            return -1;
        ssize_t n = read(STDIN_FILENO, &byte, 1);
        if (n <= 0)
            return (int)n;
        if (byte == 0) /* Ctrl-D typed before the terminal was in the editor's hands */
            byte = 'D' - '@';
        size_t length = mbrtowc(out, &byte, 1, &state);
        if (length == (size_t)-2)
            continue;
        if (length == (size_t)-1)
            *out = L'?';
        return 1;
    }
}

static unsigned char complete(EditLine *editor, int key)
{
    (void)key;
    lines *l;
    el_get(editor, EL_CLIENTDATA, &l);
    const LineInfo *line = el_line(editor);
    char *before = strndup(line->buffer, (size_t)(line->cursor - line->buffer)), *insert = NULL, *show = NULL;
    if (before)
        l->o.complete(l->o.self, before, &insert, &show);
    unsigned char answer = CC_REFRESH_BEEP;
    if (insert && el_insertstr(editor, insert) == 0) {
        answer = CC_REFRESH;
    } else if (show) {
        printf("\n%s\n", show);
        fflush(stdout);
        answer = CC_REDISPLAY;
    }
    free(before);
    free(insert);
    free(show);
    return answer;
}

static void open_editor(lines *l)
{
    l->editor = el_init("assay", stdin, stdout, stderr);
    if (!l->editor)
        return;
    el_set(l->editor, EL_CLIENTDATA, l);
    el_set(l->editor, EL_PROMPT, give_prompt);
    el_set(l->editor, EL_EDITOR, "emacs");
    el_set(l->editor, EL_GETCFN, read_letter);
    /* the wide form: el_set would copy the two texts and never free them */
    el_wset(l->editor, EL_ADDFN, L"assay-complete", L"complete a name", complete);
    el_set(l->editor, EL_BIND, "^I", "assay-complete", NULL);
    el_set(l->editor, EL_BIND, "^R", "em-inc-search-prev", NULL);
    el_source(l->editor, NULL); /* ~/.editrc */
    open_history(l);
    struct sigaction on_resize = {.sa_handler = note_resize};
    sigaction(SIGWINCH, &on_resize, NULL);
}

static lines_result read_edited(lines *l, const char *prompt, const char **text)
{
    l->prompt = prompt;
    int n = 0;
    const char *line = el_gets(l->editor, &n);
    if (!line)
        return n < 0 && *l->o.interrupted ? LINES_INTERRUPTED : LINES_END;
    free(l->line);
    l->line = strndup(line, strcspn(line, "\n"));
    *text = l->line;
    return l->line ? LINES_TEXT : LINES_END;
}

static void close_editor(lines *l)
{
    if (l->history)
        history_end(l->history);
    if (l->editor)
        el_end(l->editor);
}

#endif

/* ---- either ---- */

lines *lines_open(const lines_options *o)
{
    lines *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->o = *o;
    l->interactive = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
#ifdef ASSAY_LIBEDIT
    if (l->interactive)
        open_editor(l);
#endif
    return l;
}

void lines_close(lines *l)
{
#ifdef ASSAY_LIBEDIT
    close_editor(l);
#endif
    free(l->line);
    free(l);
}

bool lines_interactive(const lines *l)
{
    return l->interactive;
}

lines_result lines_read(lines *l, const char *prompt, const char **text)
{
#ifdef ASSAY_LIBEDIT
    if (l->editor)
        return read_edited(l, prompt, text);
#endif
    return read_plain(l, prompt, text);
}

void lines_remember(lines *l, const char *text)
{
#ifdef ASSAY_LIBEDIT
    if (l->editor)
        remember(l, text);
#else
    (void)l;
    (void)text;
#endif
}
