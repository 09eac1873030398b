/* Event files as TensorBoard reads them: records with a masked CRC-32C, each one message Event of protocol
 * buffers. Of its message types there are the five that scalars, images and parameters need, written here by
 * hand: that is 100 lines, where protobuf-c would bring a library, a compiler at build time and TensorFlow's
 * .proto files for the same bytes. No Debian package has a CRC-32C for C. */
#ifndef ASSAY_RESULTS_EVENT_FILE_H
#define ASSAY_RESULTS_EVENT_FILE_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdint.h>

typedef struct event_file event_file;

/* Begins the file anew, with the record that tells its version. Owned: event_close. */
event_file *event_open(const char *path, double moment, as_error *e);

/* Ends the file; NULL is fine. Fails "cannot write PATH: reason", and when memory was out, for all calls. */
bool event_close(event_file *f, as_error *e);

/* Moments are seconds since 1970. */
void event_scalar(event_file *f, double moment, int64_t step, const char *tag, double value);
void event_image(event_file *f, double moment, int64_t step, const char *tag, const unsigned char *png,
                 size_t n, int64_t width, int64_t height, int64_t channels);

/* The parameters a run was made with: an object of numbers, booleans and strings; other values go as JSON. */
void event_hparams(event_file *f, double moment, const cJSON *params);

#endif
