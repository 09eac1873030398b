/* What a plugin file says of itself before it is loaded: loading runs its constructors, so ABI and sanitizer
 * are read from an ELF note (see assay/describe.h) with no code of the file run. */
#ifndef ASSAY_PLUGIN_ELF_H
#define ASSAY_PLUGIN_ELF_H

#include "base/error.h"

#include <stdint.h>

typedef struct {
    uint32_t abi_major, abi_minor;
    uint32_t sanitizer; /* 0 none, 1 address, 2 thread */
} elf_note;

/* Reads Assay's note of a shared object for this machine. Fails in one line that begins with the path:
 * "PATH: not an ELF shared object (truncated at 512 bytes)", "PATH: has no Assay note: ..." */
bool elf_read_note(const char *path, elf_note *note, as_error *e);

#endif
