#include "plugin/elf.h"

#include <assay/describe.h>

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#if defined(__x86_64__)
#define OUR_MACHINE EM_X86_64
#define OUR_MACHINE_NAME "x86-64"
#elif defined(__aarch64__)
#define OUR_MACHINE EM_AARCH64
#define OUR_MACHINE_NAME "AArch64"
#else
#error "name this machine's ELF number here"
#endif

enum { HEADERS_MAX = 64, NOTES_MAX = 64 * 1024 };

typedef struct {
    int fd;
    uint64_t size;
    const char *path;
    as_error *error;
} elf_file;

static bool truncated(const elf_file *f)
{
    if (f->size == 0)
        return error_set(f->error, "%s: not an ELF shared object (empty file)", f->path);
    return error_set(f->error, "%s: not an ELF shared object (truncated at %llu bytes)", f->path,
                     (unsigned long long)f->size);
}

/* All of [offset, offset + n), or the text. */
static bool read_at(const elf_file *f, uint64_t offset, void *out, size_t n)
{
    if (offset > f->size || n > f->size - offset)
        return truncated(f);
    for (size_t done = 0; done < n;) {
        ssize_t got = pread(f->fd, (char *)out + done, n - done, (off_t)(offset + done));
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_set(f->error, "%s: cannot read: %s", f->path, strerror(errno));
        if (got == 0)
            return truncated(f);
        done += (size_t)got;
    }
    return true;
}

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case EM_X86_64:
        return "x86-64";
    case EM_AARCH64:
        return "AArch64";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "PowerPC";
    case EM_S390:
        return "S/390";
    default:
        return "another machine";
    }
}

static bool check_header(const elf_file *f, const Elf64_Ehdr *h)
{
    if (h->e_ident[EI_CLASS] != ELFCLASS64 || h->e_ident[EI_DATA] != ELFDATA2LSB)
        return error_set(f->error, "%s: not an ELF shared object (class %d, byte order %d)", f->path,
                         h->e_ident[EI_CLASS], h->e_ident[EI_DATA]);
    if (h->e_machine != OUR_MACHINE)
        return error_set(f->error, "%s: built for %s (ELF machine %d), this assay runs on " OUR_MACHINE_NAME,
                         f->path, machine_name(h->e_machine), h->e_machine);
    if (h->e_type != ET_DYN)
        return error_set(f->error, "%s: not an ELF shared object (ELF type %d): link it with -shared",
                         f->path, h->e_type);
    if (h->e_phentsize != sizeof(Elf64_Phdr) || h->e_phnum == 0 || h->e_phnum > HEADERS_MAX)
        return error_set(f->error, "%s: not an ELF shared object (%d program headers of %d bytes)", f->path,
                         h->e_phnum, h->e_phentsize);
    /* the section headers stand last in the file: without them it was cut, and mapping it may fault */
    uint64_t sections = (uint64_t)h->e_shnum * h->e_shentsize;
    if (h->e_shoff > f->size || sections > f->size - h->e_shoff)
        return truncated(f);
    return true;
}

static size_t padded(size_t n, size_t align)
{
    return (n + align - 1) / align * align;
}

/* Assay's note among the notes of one segment. */
static bool search_notes(const unsigned char *notes, size_t size, size_t align, elf_note *out)
{
    size_t at = 0;
    while (size - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr n;
        memcpy(&n, notes + at, sizeof n);
        at += sizeof n;
        if (n.n_namesz > size || n.n_descsz > size)
            return false;
        size_t name = at, text = at + padded(n.n_namesz, align), next = text + padded(n.n_descsz, align);
        if (text > size || n.n_descsz > size - text)
            return false;
        if (n.n_type == AS_NOTE_TYPE && n.n_namesz == sizeof "Assay" && n.n_descsz >= 12 &&
            memcmp(notes + name, "Assay", sizeof "Assay") == 0) {
            uint32_t words[3];
            memcpy(words, notes + text, sizeof words);
            *out = (elf_note){words[0], words[1], words[2]};
            return true;
        }
        if (next > size)
            return false;
        at = next;
    }
    return false;
}

static bool read_segments(const elf_file *f, const Elf64_Ehdr *h, elf_note *note)
{
    Elf64_Phdr segment[HEADERS_MAX];
    if (!read_at(f, h->e_phoff, segment, h->e_phnum * sizeof *segment))
        return false;
    bool found = false;
    for (int i = 0; i < h->e_phnum; i++) {
        const Elf64_Phdr *s = &segment[i];
        bool in_file = s->p_type == PT_LOAD || s->p_type == PT_NOTE || s->p_type == PT_DYNAMIC;
        if (in_file && (s->p_offset > f->size || s->p_filesz > f->size - s->p_offset))
            return truncated(f);
        if (s->p_type != PT_NOTE || found || s->p_filesz > NOTES_MAX)
            continue;
        static unsigned char notes[NOTES_MAX]; /* main thread only */
        if (!read_at(f, s->p_offset, notes, s->p_filesz))
            return false;
        found = search_notes(notes, s->p_filesz, s->p_align == 8 ? 8 : 4, note);
    }
    if (!found)
        return error_set(f->error, "%s: has no Assay note: not a plugin, or built without AS_PLUGIN",
                         f->path);
    return true;
}

static bool read_open_file(const elf_file *f, elf_note *note)
{
    Elf64_Ehdr header;
    unsigned char start[EI_CLASS + 1]; /* the header of a 32-bit file is shorter */
    if (!read_at(f, 0, start, sizeof start))
        return false;
    if (memcmp(start, ELFMAG, SELFMAG) != 0)
        return error_set(f->error, "%s: not an ELF shared object", f->path);
    if (start[EI_CLASS] == ELFCLASS32)
        return error_set(f->error, "%s: a 32-bit ELF file, this assay is 64-bit", f->path);
    return read_at(f, 0, &header, sizeof header) && check_header(f, &header) &&
           read_segments(f, &header, note);
}

bool elf_read_note(const char *path, elf_note *note, as_error *e)
{
    elf_file f = {.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), .path = path, .error = e};
    if (f.fd < 0)
        return error_set(e, "%s: cannot open: %s", path, strerror(errno));
    struct stat info;
    bool done;
    if (fstat(f.fd, &info) != 0)
        done = error_set(e, "%s: cannot read: %s", path, strerror(errno));
    else if (!S_ISREG(info.st_mode))
        done = error_set(e, "%s: not a file", path);
    else {
        f.size = (uint64_t)info.st_size;
        done = read_open_file(&f, note);
    }
    close(f.fd);
    return done;
}
