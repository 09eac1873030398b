/* Where plugins are: KIND/NAME.so, else KIND/NAME.lua, under the first of ./plugins, each folder of
 * $ASSAY_PLUGIN_PATH, $XDG_DATA_HOME/assay/plugins (default ~/.local/share), plugins beside the program, and
 * lib/assay/plugins of the prefix it is installed under. The first hit wins. Nothing is loaded here. */
#ifndef ASSAY_PLUGIN_FIND_H
#define ASSAY_PLUGIN_FIND_H

#include "base/error.h"

#define FIND_KINDS 9
#define FIND_PATH 4096
#define FIND_FOLDERS 32

extern const char *const find_kinds[FIND_KINDS]; /* "losses", "heads", ... sorted as design.md lists them */

/* True for "losses"; else fails `no plugin kind "loss"; did you mean "losses"?`. */
bool find_kind(const char *kind, as_error *e);

/* "losses" for "loss" and for "losses"; NULL for another word. */
const char *find_kind_of(const char *word);

/* The folders searched, in order; only the form matters, they need not exist. Returns how many. */
int find_folders(char folders[FIND_FOLDERS][FIND_PATH]);

/* The file of KIND/NAME; false when there is none (no text: the plugin may still be one of several in another
 * file). */
bool find_path(const char *kind, const char *name, char path[FIND_PATH]);
/* The same, of `n` at most: the one that is used, then those it hides. Returns how many. */
int find_paths(const char *kind, const char *name, char (*paths)[FIND_PATH], int n);

typedef struct {
    char *kind, *name, *path; /* name is the file's, without .so or .lua */
    bool hidden;              /* a file of this kind and name comes before it */
} find_hit;

typedef struct {
    find_hit *hits; /* by kind, then name, then search order */
    int count, capacity;
} find_list;

/* All files, of one kind or (NULL) of all. Empty when there are none; fails only when out of memory. Owned:
 * find_free. */
bool find_all(const char *kind, find_list *list, as_error *e);
void find_free(find_list *list);

/* Fills e: `no plugin losses/ploy1; did you mean "poly1"? Searched A, B`. `names` are the ones there are.
 * Returns false. */
bool find_missing(const char *kind, const char *name, const char *const *names, int n, as_error *e);

#endif
