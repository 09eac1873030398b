/* The note of a plugin file, and one line for everything that is not one. */
#include "plugin_fixture.h"

#include "plugin/elf.h"

#include <elf.h>
#include <unistd.h>

#define GOOD BAD_PLUGINS "/losses/fails.so" /* loads well: what it does wrong is in its body */

static unsigned char *bytes;
static size_t size;
static char path[] = "/tmp/assay_elf_XXXXXX";

static void write_file(const unsigned char *data, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static int load_good(void **state)
{
    (void)state;
    FILE *f = fopen(GOOD, "rb");
    assert_non_null(f);
    fseek(f, 0, SEEK_END);
    size = (size_t)ftell(f);
    rewind(f);
    bytes = malloc(size);
    assert_int_equal(fread(bytes, 1, size, f), size);
    fclose(f);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    return 0;
}

static int drop_good(void **state)
{
    (void)state;
    free(bytes);
    unlink(path);
    return 0;
}

/* The text after the path. */
static const char *refusal(as_error *e)
{
    elf_note note;
    *e = (as_error){{0}};
    assert_false(elf_read_note(path, &note, e));
    assert_memory_equal(e->text, path, strlen(path));
    return e->text + strlen(path);
}

static void reads_the_note(void **state)
{
    (void)state;
    elf_note note = {9, 9, 9};
    as_error e = {{0}};
    assert_true(elf_read_note(GOOD, &note, &e));
    assert_int_equal(note.abi_major, 1);
    assert_int_equal(note.abi_minor, 0);
    assert_int_equal(note.sanitizer, AS_SANITIZER);
    assert_true(elf_read_note(BAD_PLUGINS "/losses/other_major.so", &note, &e));
    assert_int_equal(note.abi_major, 2);
}

static void refuses_what_is_no_plugin(void **state)
{
    (void)state;
    elf_note note;
    as_error e = {{0}};
    assert_false(elf_read_note("/nowhere/x.so", &note, &e));
    TEXT_IS(e, "/nowhere/x.so: cannot open: No such file or directory");
    assert_false(elf_read_note("/tmp", &note, &e));
    TEXT_IS(e, "/tmp: not a file");
    assert_false(elf_read_note(BAD_PLUGINS "/losses/no_note.so", &note, &e));
    TEXT_IS(e, BAD_PLUGINS "/losses/no_note.so: has no Assay note: not a plugin, or built without AS_PLUGIN");
    write_file(bytes, 0);
    assert_string_equal(refusal(&e), ": not an ELF shared object (empty file)");
    write_file((const unsigned char *)"#!/bin/sh\necho no plugin\n", 24);
    assert_string_equal(refusal(&e), ": not an ELF shared object");
    write_file(bytes, 512);
    assert_string_equal(refusal(&e), ": not an ELF shared object (truncated at 512 bytes)");
}

static void refuses_other_machines(void **state)
{
    (void)state;
    as_error e;
    unsigned char *copy = malloc(size);
    memcpy(copy, bytes, size);
    Elf64_Half machine = EM_S390;
    memcpy(copy + offsetof(Elf64_Ehdr, e_machine), &machine, sizeof machine);
    write_file(copy, size);
    assert_non_null(strstr(refusal(&e), ": built for S/390 (ELF machine 22), this assay runs on "));
    memcpy(copy, bytes, size);
    copy[EI_CLASS] = ELFCLASS32;
    write_file(copy, 52); /* the size of its header */
    assert_string_equal(refusal(&e), ": a 32-bit ELF file, this assay is 64-bit");
    memcpy(copy, bytes, size);
    copy[offsetof(Elf64_Ehdr, e_type)] = ET_REL;
    write_file(copy, size);
    assert_string_equal(refusal(&e), ": not an ELF shared object (ELF type 1): link it with -shared");
    free(copy);
}

/* Cut anywhere: always a refusal, for the section headers stand last. */
static void refuses_every_cut(void **state)
{
    (void)state;
    as_error e;
    for (size_t n = 1; n < size; n += n < 1024 ? 13 : 501) {
        write_file(bytes, n);
        assert_non_null(strstr(refusal(&e), "not an ELF shared object (truncated at "));
    }
}

/* Any bytes changed: an answer or a refusal, never a crash (the sanitizers watch). */
static void survives_garbage(void **state)
{
    (void)state;
    unsigned char *copy = malloc(size);
    for (int round = 0; round < 400; round++) {
        memcpy(copy, bytes, size);
        size_t within = round % 2 ? size : 1024; /* headers and notes stand in front */
        for (int k = 0; k < 1 + round % 16; k++)
            copy[4 + (size_t)(engine_uniform() * (double)(within - 4))] =
                (unsigned char)(engine_uniform() * 256);
        write_file(copy, size);
        elf_note note;
        as_error e = {{0}};
        if (!elf_read_note(path, &note, &e))
            assert_memory_equal(e.text, path, strlen(path));
    }
    free(copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_note),         cmocka_unit_test(refuses_what_is_no_plugin),
        cmocka_unit_test(refuses_other_machines), cmocka_unit_test(refuses_every_cut),
        cmocka_unit_test(survives_garbage),
    };
    return cmocka_run_group_tests(tests, load_good, drop_good);
}
