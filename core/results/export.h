/* Runs for other programs: tables as CSV or JSON lines, event files for TensorBoard. Everything of one call
 * is as it was at one moment, whoever writes meanwhile. */
#ifndef ASSAY_RESULTS_EXPORT_H
#define ASSAY_RESULTS_EXPORT_H

#include "results/store.h"

#include <stdio.h>

typedef enum { EXPORT_CSV, EXPORT_JSONL } export_format;

/* The tables; NULL for one that is not wanted.
 *   runs     a row a run: the columns of view `runs`, then `param.NAME` for each parameter of any of them and
 *            `last.NAME` for each metric
 *   params   a row a parameter: run, name, value
 *   metrics  a row a value, as in view `curve`, by run, step and name
 * NaN is NaN in CSV and null in JSON, infinity inf and 9e999; what a run has not is empty in CSV and left out
 * in JSON. Reals have all their digits. */
typedef struct {
    FILE *runs, *params, *metrics;
} export_tables;

/* The runs of the experiments of this name (NULL: of all), by their number. -> *runs, how many
 * fails 'no experiment "quik"; did you mean "quick"?' and when something cannot be written */
bool export_write(store *s, const char *experiment, export_format format, const export_tables *tables,
                  int64_t *runs, as_error *e);

/* One line on something that was left out. */
typedef void export_told(void *self, const char *line);

/* Writes FOLDER/EXPERIMENT/ARM/seed-S-run-N/events.out.tfevents... for each such run: its values as scalars
 * (TensorBoard keeps 32 bits of each), its parameters as hparams, its artifacts that are PNG as images. */
bool export_tensorboard(store *s, const char *experiment, const char *folder, export_told *told, void *self,
                        int64_t *runs, as_error *e);

#endif
