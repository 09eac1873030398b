/* Descriptors of files not seen before: each opened in a child, line by line. */
#include "plugin/index.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCAN_SECONDS = 5 }; /* to open one file */

static cJSON *error_rows(const char *text)
{
    cJSON *rows = cJSON_CreateArray(), *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "error", text);
    cJSON_AddItemToArray(rows, row);
    return rows;
}

/* All plugins of one file as a list. */
static cJSON *describe_file(const char *path)
{
    as_error e = {0};
    module *m = load_file(path, &e);
    if (!m)
        return error_rows(e.text);
    cJSON *rows = cJSON_CreateArray();
    for (int i = 0; i < m->count; i++)
        cJSON_AddItemToArray(rows, index_describe(&m->list[i]));
    return rows;
}

/* The child: one line of JSON a file from `first` on. Does not return. */
static void describe_files(char *const *paths, cJSON *const *rows, int first, int n, int to)
{
    FILE *out = fdopen(to, "w");
    dup2(STDERR_FILENO, STDOUT_FILENO); /* what a constructor prints is no answer of ours */
    for (int i = first; out && i < n; i++) {
        if (rows[i])
            continue;
        alarm(SCAN_SECONDS);
        cJSON *list = describe_file(paths[i]);
        char *line = cJSON_PrintUnformatted(list);
        fprintf(out, "%s\n", line ? line : "[]");
        fflush(out);
        cJSON_free(line);
        cJSON_Delete(list);
    }
    _exit(0); /* no destructors of plugins, no buffers of the parent's */
}

/* Reads the child's lines; returns the first file it did not answer for. */
static int read_lines(cJSON **rows, int first, int n, int from)
{
    FILE *in = fdopen(from, "r");
    char *line = NULL;
    size_t room = 0;
    int i = first;
    for (; in && i < n; i++) {
        if (rows[i])
            continue;
        if (getline(&line, &room, in) < 0)
            break;
        rows[i] = cJSON_Parse(line);
    }
    free(line);
    if (in)
        fclose(in);
    return i;
}

/* From file `first` on, in one child; returns where the next child goes on, -1 after a failure. */
static int scan_from(char *const *paths, cJSON **rows, int first, int n, as_error *e)
{
    int ends[2];
    fflush(NULL);
    if (pipe(ends) != 0) {
        error_set(e, "cannot look into plugins: %s", strerror(errno));
        return -1;
    }
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        describe_files(paths, rows, first, n, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        error_set(e, "cannot look into plugins: %s", strerror(errno));
        return -1;
    }
    int next = read_lines(rows, first, n, ends[0]), status = 0;
    waitpid(child, &status, 0);
    if (next == n)
        return n;
    char text[FIND_PATH + 64];
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        snprintf(text, sizeof text, "%s: opening it took more than %d s", paths[next], SCAN_SECONDS);
    else
        snprintf(text, sizeof text, "%s: opening it ended the process (%s)", paths[next],
                 WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit");
    rows[next] = error_rows(text);
    return next + 1;
}

bool index_scan(char *const *paths, cJSON **rows, int n, as_error *e)
{
    int next = 0;
    while (next >= 0 && next < n) {
        while (next < n && rows[next])
            next++;
        if (next < n)
            next = scan_from(paths, rows, next, n, e);
    }
    return next >= 0;
}
