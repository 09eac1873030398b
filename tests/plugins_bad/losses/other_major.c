/* losses/other_major: built for plugin ABI 2.0. Its constructor ends the process: the note is read before. */
#include <assay/types.h>

#include <stdlib.h>

__attribute__((used, section(".note.assay"), aligned(4))) static const struct {
    uint32_t name_size, text_size, type;
    char name[8];
    uint32_t abi_major, abi_minor, sanitizer;
} note = {6, 12, 0x41530001u, "Assay", 2, 0, 0};

__attribute__((constructor)) static void end(void)
{
    abort();
}
