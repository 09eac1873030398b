/* Named tensors in a safetensors file (8 bytes of header length, JSON header, data), so that other programs
 * read them. Little-endian, F32, F64 and I64. */
#ifndef ASSAY_TENSOR_SAFETENSORS_H
#define ASSAY_TENSOR_SAFETENSORS_H

#include "tensor/tensor.h"

typedef struct {
    const char *name;
    as_t tensor;
} named_tensor;

/* Writes to a temporary file beside `path`, syncs, renames: the file is whole or not there. Fails
 * "cannot write PATH: reason". */
bool safetensors_save(as_ctx *c, const char *path, const named_tensor *list, int n);

/* Reads all tensors into the current scope, in the file's order. `list` is owned by the caller, one free()
 * for list and names together. Fails "PATH: not a safetensors file: what is wrong" on any malformed input. */
bool safetensors_load(as_ctx *c, const char *path, named_tensor **list, int *n);

#endif
