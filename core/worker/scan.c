/* What plugins there are: each file opened in a child, line by line. */
#include "worker/plugins.h"

#include "plugin/find.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static cJSON *error_row(const find_hit *hit, const char *text)
{
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "kind", hit->kind);
    cJSON_AddStringToObject(row, "name", hit->name);
    cJSON_AddStringToObject(row, "path", hit->path);
    cJSON_AddStringToObject(row, "error", text);
    return row;
}

/* All plugins of one file as a list. */
static cJSON *describe_file(const find_hit *hit)
{
    as_error e = {0};
    cJSON *rows = cJSON_CreateArray();
    module *m = load_file(hit->path, &e);
    if (!m)
        cJSON_AddItemToArray(rows, error_row(hit, e.text));
    for (int i = 0; m && i < m->count; i++)
        cJSON_AddItemToArray(rows, plugins_describe(&m->list[i]));
    return rows;
}

/* The child: one line of JSON a file from `first` on. Does not return. */
static void describe_files(const find_list *files, int first, int to)
{
    FILE *out = fdopen(to, "w");
    for (int i = first; out && i < files->count; i++) {
        if (files->hits[i].hidden)
            continue;
        cJSON *rows = describe_file(&files->hits[i]);
        char *line = cJSON_PrintUnformatted(rows);
        fprintf(out, "%s\n", line ? line : "[]");
        fflush(out);
        cJSON_free(line);
        cJSON_Delete(rows);
    }
    _exit(0); /* no destructors of plugins, no buffers of the parent's */
}

static void move_rows(cJSON *from, cJSON *to)
{
    while (from && from->child)
        cJSON_AddItemToArray(to, cJSON_DetachItemFromArray(from, 0));
}

/* Reads the child's lines; returns the first file it did not answer for. */
static int read_lines(const find_list *files, int first, int from, cJSON *rows)
{
    FILE *in = fdopen(from, "r");
    char *line = NULL;
    size_t room = 0;
    int i = first;
    for (; in && i < files->count; i++) {
        if (files->hits[i].hidden)
            continue;
        if (getline(&line, &room, in) < 0)
            break;
        cJSON *list = cJSON_Parse(line);
        move_rows(list, rows);
        cJSON_Delete(list);
    }
    free(line);
    if (in)
        fclose(in);
    return i;
}

/* From file `first` on, in one child; returns where the next child goes on, -1 after a failure. */
static int scan_from(const find_list *files, int first, cJSON *rows, as_error *e)
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
        describe_files(files, first, ends[1]);
    }
    close(ends[1]);
    if (child < 0) {
        close(ends[0]);
        error_set(e, "cannot look into plugins: %s", strerror(errno));
        return -1;
    }
    int next = read_lines(files, first, ends[0], rows), status = 0;
    waitpid(child, &status, 0);
    if (next == files->count)
        return next;
    char text[FIND_PATH + 64];
    snprintf(text, sizeof text, "%s: opening it ended the process (%s)", files->hits[next].path,
             WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "exit");
    cJSON_AddItemToArray(rows, error_row(&files->hits[next], text));
    return next + 1;
}

cJSON *plugins_scan(as_error *e)
{
    find_list files = {0};
    if (!find_all(NULL, &files, e))
        return NULL;
    cJSON *rows = cJSON_CreateArray();
    for (int next = 0; next >= 0 && next < files.count;)
        next = scan_from(&files, next, rows, e);
    find_free(&files);
    if (e->text[0]) {
        cJSON_Delete(rows);
        return NULL;
    }
    return rows;
}
