/* The data sets Assay knows where to get, and where data sets lie on this machine. */
#ifndef ASSAY_DATA_SETS_H
#define ASSAY_DATA_SETS_H

#include "base/error.h"

#include <stddef.h>

enum { DATA_FOLDERS = 3, DATA_PATH = 4096, DATA_ADDRESSES = 2 };

typedef struct {
    const char *name;
    const char *sha256; /* of its content, unpacked: the same however it was compressed */
    size_t bytes;       /* to fetch, about */
} data_file;

typedef struct {
    const char *name; /* "fashion-mnist": the folder of its files */
    const char *doc;
    const char *package;                 /* of Debian and Ubuntu that holds the files; NULL for none */
    const char *package_folder;          /* where that package puts them */
    const char *address[DATA_ADDRESSES]; /* a file's address is one of these and its name; tried in order */
    const data_file *files;
    size_t n_files;
} data_set;

extern const data_set data_sets[];
extern const size_t data_set_count;

/* By its name, or that with _ for -; NULL if it is none of them. */
const data_set *data_set_named(const char *name);

/* The folders that hold data sets, in the order of the search: $ASSAY_DATA, ~/.cache/assay,
 * /usr/share/datasets. Returns how many; the first is where new ones go. */
int data_folders(char folders[DATA_FOLDERS][DATA_PATH]);

/* "A, B, C" for messages. Returns `text`. */
const char *data_folders_text(char folders[DATA_FOLDERS][DATA_PATH], int n, char *text, size_t room);

/* The first FOLDER/SET/FILE that is there. */
bool data_locate(const char *set, const char *file, char path[DATA_PATH]);

/* Unpacks and hashes; fails "PATH: SHA-256 of its content is ..., expected ...: damaged, or another file". */
bool data_verify(const char *path, const data_file *file, as_error *e);

#endif
