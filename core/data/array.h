/* Arrays from files of others: .npy, .csv, idx, folders of PNG. Every file may be gzipped (not the PNG). A
 * failure is one line that begins with the file's path. */
#ifndef ASSAY_DATA_ARRAY_H
#define ASSAY_DATA_ARRAY_H

#include "data/file.h"

#include <assay/types.h>

typedef struct {
    as_dtype dtype;
    as_dims dims;
    int64_t count;
    void *items; /* row-major, owned; NULL while there is no array */
} data_array;

void data_array_free(data_array *a);

/* What numbers of a file become. Never changes a value silently where whole numbers are wished: reals that
 * are not whole are refused. */
typedef struct {
    as_dtype real;  /* floats of any width */
    as_dtype whole; /* integers and booleans */
} data_wish;

/* numpy.save: floats of 2, 4, 8 bytes, integers of 1 to 8, booleans; either byte order, either axis order. */
bool npy_read(const char *path, const data_wish *wish, data_array *out, file_origin *origin, as_error *e);

/* Writes version 1.0, dtype kept; whole or not at all. `items` row-major. */
bool npy_write(const char *path, as_dtype dtype, as_dims dims, const void *items, as_error *e);

/* The format of MNIST: 0 0 TYPE RANK, sizes of 4 bytes, items; the most significant byte first. */
bool idx_read(const char *path, const data_wish *wish, data_array *out, file_origin *origin, as_error *e);

/* ---- csv ---- */

typedef struct {
    const char *name; /* of the header; NULL: by number */
    int64_t number;   /* from 1 */
} csv_column;

typedef enum { CSV_HEADER_IF_WORDS, CSV_HEADER, CSV_NO_HEADER } csv_header;

typedef struct {
    csv_header header; /* IF_WORDS: the first line is one when none of its fields is a number */
    char separator;
    as_dtype dtype;            /* of x */
    const csv_column *columns; /* of x in this order; NULL: all but the label's */
    size_t n_columns;
    const csv_column *label; /* NULL: there is no y */
} csv_options;

typedef struct {
    data_array x;   /* [N,D] */
    data_array y;   /* i64[N]: the label as it is if all are whole numbers, else its class's place */
    char **classes; /* words that are labels, sorted; NULL when labels are numbers */
    size_t n_classes;
} csv_table;

/* RFC 4180: "quoted", "" for a quote, line ends of either kind; empty lines are skipped. Failures begin
 * "PATH:LINE: column 3 (petal_length): ". */
bool csv_read(const char *path, const csv_options *o, csv_table *out, file_origin *origin, as_error *e);
void csv_free(csv_table *t);

/* ---- images ---- */

typedef struct {
    data_array x;   /* f32[N,C,H,W] in 0 to 1; C is 3 if any file has colours, else 1 */
    data_array y;   /* i64[N], the place of the sub-folder; none when the files lie in the folder itself */
    char **classes; /* the sub-folders, sorted; NULL without */
    size_t n_classes;
} image_set;

/* PNG files of one size, by class then file name. Transparency is dropped; names that begin with a dot are
 * skipped. The origin's hash is of the lines "SHA256  CLASS/FILE\n" in that order, as sha256sum writes them.
 */
bool images_read(const char *folder, image_set *out, file_origin *origin, as_error *e);
void images_free(image_set *s);

#endif
