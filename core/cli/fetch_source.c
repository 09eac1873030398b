#include "cli/fetch_source.h"

#include "base/folder.h"
#include "supervisor/process.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- other programs ---- */

static bool in_path(const char *program)
{
    const char *at = getenv("PATH");
    while (at && *at) {
        size_t n = strcspn(at, ":");
        path_text path;
        if (snprintf(path, sizeof path, "%.*s/%s", (int)n, at, program) < (int)sizeof path &&
            access(path, X_OK) == 0)
            return true;
        at += n + (at[n] == ':');
    }
    return false;
}

/* Its stdout goes to our stderr, since ours is for results. -> its exit code, -1 if it cannot be started */
static int run_program(const fetch *f, const char *const *argv)
{
    as_error e = {0};
    pid_t pid;
    fflush(f->talk);
    process_spec spec = {.argv = argv, .out = STDERR_FILENO, .err = -1, .breadcrumb = -1};
    if (!process_start(&spec, &pid, &e)) {
        fprintf(f->talk, "%s\n", e.text);
        return -1;
    }
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- packages ---- */

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *at)
{
    (void)info;
    (void)kind;
    (void)at;
    return remove(path);
}

static void package_folder(const fetch *f, path_text out)
{
    as_error ignored = {0};
    if (!path_join(out, f->folder, ".package", &ignored))
        out[0] = 0;
}

void fetch_drop_package(fetch *f)
{
    path_text folder;
    package_folder(f, folder);
    if (f->package_tried && folder[0])
        nftw(folder, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    f->package_tried = f->package_open = false;
}

static bool copy(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC), out = -1;
    char block[65536];
    ssize_t n = -1;
    if (in >= 0 && (out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) >= 0)
        while ((n = read(in, block, sizeof block)) > 0)
            if (write(out, block, (size_t)n) != n) {
                n = -1;
                break;
            }
    if (in >= 0)
        close(in);
    if (out >= 0 && close(out) != 0)
        n = -1;
    return n == 0;
}

/* The only .deb of the folder. */
static bool find_archive(const char *folder, path_text out)
{
    path_text pattern;
    as_error ignored = {0};
    glob_t hits = {0};
    bool ok = path_join(pattern, folder, "*.deb", &ignored) && glob(pattern, 0, NULL, &hits) == 0 &&
              snprintf(out, PATH_MAX, "%s", hits.gl_pathv[0]) < PATH_MAX;
    globfree(&hits);
    return ok;
}

/* Brings the package's files to FOLDER/.package/root. */
static bool open_package(fetch *f)
{
    path_text folder, archive, root;
    as_error e = {0};
    f->package_tried = true;
    package_folder(f, folder);
    if (!in_path("apt-get") || !in_path("dpkg-deb") || !folder_make(folder, &e) ||
        !path_join(root, folder, "root", &e))
        return false;
    fprintf(f->talk, "%s: from the package %s\n", f->set->name, f->set->package);
    /* downloads into the current folder, and root's folders are closed to apt's own user */
    const char *download[] = {
        "env",           "-C", folder, "apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
        f->set->package, NULL};
    int code = run_program(f, download);
    const char *unpack[] = {"dpkg-deb", "-x", archive, root, NULL};
    if (code != 0 || !find_archive(folder, archive)) {
        fprintf(f->talk, "apt-get download %s: exit code %d; if apt's lists are old: sudo apt-get update\n",
                f->set->package, code);
        return false;
    }
    code = run_program(f, unpack);
    if (code != 0)
        fprintf(f->talk, "%s: dpkg-deb -x: exit code %d\n", archive, code);
    return f->package_open = code == 0;
}

bool fetch_from_package(fetch *f, const data_file *file, const char *part)
{
    if (!f->set->package)
        return false;
    path_text folder, path;
    as_error e = {0};
    bool ok = path_join(path, f->set->package_folder, file->name, &e);
    if (ok && access(path, R_OK) == 0)
        return copy(path, part);
    if (!f->package_tried && !open_package(f))
        return false;
    package_folder(f, folder);
    if (!f->package_open || snprintf(path, sizeof path, "%s/root%s/%s", folder, f->set->package_folder,
                                     file->name) >= (int)sizeof path)
        return false;
    if (copy(path, part))
        return true;
    fprintf(f->talk, "the package %s has no %s/%s\n", f->set->package, f->set->package_folder, file->name);
    return false;
}

/* ---- addresses ---- */

static int download(const fetch *f, const char *url, const char *part)
{
    const char *argv[] = {"curl",
                          "--fail",
                          "--location",
                          "--show-error",
                          "--retry",
                          "3",
                          "--connect-timeout",
                          "20",
                          "--continue-at",
                          "-",
                          isatty(2) ? "--progress-bar" : "--silent",
                          "--output",
                          part,
                          url,
                          NULL};
    return run_program(f, argv);
}

bool fetch_from_address(const fetch *f, const char *address, const data_file *file, const char *part)
{
    char url[1024];
    if (!in_path("curl")) {
        fprintf(f->talk, "%s is fetched with curl, which is not here: sudo apt-get install curl\n",
                file->name);
        return false;
    }
    if (snprintf(url, sizeof url, "%s%s", address, file->name) >= (int)sizeof url)
        return false;
    as_error ignored = {0};
    bool begun = access(part, F_OK) == 0;
    if (begun && data_verify(part, file, &ignored))
        return true; /* only the last step was missing */
    fprintf(f->talk, "%s: %s%s\n", f->set->name, url, begun ? ", going on where it stopped" : "");
    int code = download(f, url, part);
    if (begun && (code == 22 || code == 33 || code == 36)) {
        /* the server knows no such part: from the start */
        unlink(part);
        code = download(f, url, part);
    }
    if (code != 0)
        fprintf(f->talk, "%s: curl's exit code %d%s\n", url, code,
                code == 6 || code == 7 ? " (no network, or the server is away)" : "");
    return code == 0;
}
