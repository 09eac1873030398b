/* assay repl at a terminal: prompts, Tab, history, Ctrl-C and Ctrl-D, through a pseudo-terminal. */
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define CTRL_C "\003"
#define CTRL_D "\004"
#define UP "\033[A"

enum { PATIENCE_MS = 20000 };

static char home[] = "/tmp/assay-repl-XXXXXX";

typedef struct {
    int fd;
    pid_t pid;
    char seen[65536]; /* what it wrote since the last expect */
    size_t n;
} terminal;

static void start(terminal *t)
{
    *t = (terminal){.fd = -1};
    struct winsize window = {.ws_row = 24, .ws_col = 80};
    t->pid = forkpty(&t->fd, NULL, NULL, &window);
    assert_true(t->pid >= 0);
    if (t->pid > 0)
        return;
    setenv("HOME", home, 1);
    unsetenv("XDG_STATE_HOME");
    setenv("TERM", "xterm", 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("NO_COLOR");
    if (chdir(home) == 0)
        execl(ASSAY_TEST_BUILD "/assay", "assay", "repl", NULL);
    _exit(127);
}

static void type(const terminal *t, const char *text)
{
    assert_int_equal(write(t->fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Waits until the text is on the screen; what stood before it is forgotten. */
static void expect(terminal *t, const char *text)
{
    for (;;) {
        char *at = strstr(t->seen, text);
        if (at) {
            size_t gone = (size_t)(at - t->seen) + strlen(text);
            memmove(t->seen, t->seen + gone, t->n + 1 - gone);
            t->n -= gone;
            return;
        }
        struct pollfd p = {.fd = t->fd, .events = POLLIN};
        ssize_t n = poll(&p, 1, PATIENCE_MS) > 0 && t->n + 1 < sizeof t->seen
                        ? read(t->fd, t->seen + t->n, sizeof t->seen - 1 - t->n)
                        : 0;
        if (n <= 0)
            fail_msg("waited for \"%s\", seen:\n%s", text, t->seen);
        t->n += (size_t)n;
        t->seen[t->n] = 0;
    }
}

/* -> its exit code, after Ctrl-D */
static int leave(terminal *t)
{
    int status = 0;
    char rest[4096];
    expect(t, "> ");
    type(t, CTRL_D);
    struct pollfd p = {.fd = t->fd, .events = POLLIN};
    while (poll(&p, 1, PATIENCE_MS) > 0 && read(t->fd, rest, sizeof rest) > 0)
        continue;
    pid_t left = 0;
    for (int waited = 0; left == 0 && waited < PATIENCE_MS; waited += 10, usleep(10000))
        left = waitpid(t->pid, &status, WNOHANG);
    if (left == 0) {
        kill(t->pid, SIGKILL);
        waitpid(t->pid, &status, 0);
    }
    close(t->fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Types at the next prompt. */
static void answer(terminal *t, const char *text)
{
    expect(t, "> ");
    type(t, text);
}

static void begin(terminal *t)
{
    start(t);
    expect(t, "Ctrl-D leaves");
}

static void test_values_and_errors(void **state)
{
    (void)state;
    terminal t;
    begin(&t);
    answer(&t, "as.tensor { 1, 2, 6 }:sum():item() + 31\n");
    expect(&t, "\n40");
    answer(&t, "for i = 7, 7 do\n");
    expect(&t, ">> ");
    type(&t, "print('i', i * 6) end\n");
    expect(&t, "i\t42");
    answer(&t, "x.y\n");
    expect(&t, "\033[31minput:1: attempt to index a nil value (global 'x')\033[0m");
    answer(&t, "#'\303\244'\n"); /* two bytes in UTF-8 */
    expect(&t, "\n2");
    assert_int_equal(leave(&t), 0); /* a mistake at the keyboard is no failure */
}

static void test_tab(void **state)
{
    (void)state;
    terminal t;
    begin(&t);
    answer(&t, "as.optim.adam\t");
    expect(&t, "adamw"); /* both are shown */
    expect(&t, "> as.optim.adam");
    type(&t, CTRL_C);
    answer(&t, "some = as.one\t(3)\n");   /* as.ones */
    answer(&t, "some:requires_gr\t()\n"); /* requires_grad_, a method; the property is none */
    expect(&t, "f32[3]");
    answer(&t, "#as.seed\t\n");
    expect(&t, "attempt to get length of a function value");
    answer(&t, "as.loss { \"poly1\" }.epsi\t\n"); /* no path: nothing is completed, nothing breaks */
    expect(&t, "no method or property \"epsi\"");
    assert_int_equal(leave(&t), 0);
}

static void test_interrupt(void **state)
{
    (void)state;
    terminal t;
    begin(&t);
    answer(&t, "print 'begun' while true do end\n");
    expect(&t, "\nbegun");
    type(&t, CTRL_C);
    expect(&t, "input:1: interrupted");
    /* one that catches errors, and one inside operations */
    answer(&t, "print 'again' while true do pcall(function() local n = 1 + 1 end) end\n");
    expect(&t, "\nagain");
    type(&t, CTRL_C);
    expect(&t, "interrupted");
    answer(&t, "a = as.randn(256, 256); print 'third' while true do a:matmul(a) end\n");
    expect(&t, "\nthird");
    type(&t, CTRL_C);
    expect(&t, "interrupted");
    /* a line that is thrown away, and a command of several */
    answer(&t, "error 'never'");
    expect(&t, "never");
    type(&t, CTRL_C);
    answer(&t, "for i = 1, 3 do\n");
    expect(&t, ">");
    answer(&t, CTRL_C);
    answer(&t, "'still ' .. 'here'\n");
    expect(&t, "\"still here\"");
    assert_int_equal(leave(&t), 0);
}

static void test_history(void **state)
{
    (void)state;
    char path[256], text[4096] = "";
    snprintf(path, sizeof path, "%s/.local/state/assay/history", home);
    terminal t;
    begin(&t);
    answer(&t, "21 * 2 -- first\n");
    expect(&t, "\n42");
    kill(t.pid, SIGKILL); /* what was entered is in the file already */
    waitpid(t.pid, NULL, 0);
    close(t.fd);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_true(fread(text, 1, sizeof text - 1, f) > 0);
    fclose(f);
    assert_non_null(strstr(text, "first"));

    begin(&t);
    answer(&t, UP);
    expect(&t, "21 * 2 -- first");
    type(&t, "\n");
    expect(&t, "\n42");
    assert_int_equal(leave(&t), 0);
}

static int make_home(void **state)
{
    (void)state;
    return mkdtemp(home) ? 0 : -1;
}

static int remove_home(void **state)
{
    (void)state;
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", home);
    return system(command);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values_and_errors),
        cmocka_unit_test(test_tab),
        cmocka_unit_test(test_interrupt),
        cmocka_unit_test(test_history),
    };
    return cmocka_run_group_tests(tests, make_home, remove_home);
}
