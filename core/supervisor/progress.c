#include "supervisor/progress.h"

#include "base/terminal.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>
#include <sys/ioctl.h>

void progress_open(progress *p, FILE *out)
{
    *p = (progress){.out = out, .terminal = terminal_understands(out), .colour = terminal_colours(out)};
}

void progress_clear(progress *p)
{
    if (p->shown > 1)
        fprintf(p->out, "\033[%dA", p->shown - 1); /* up to the block's first line */
    if (p->shown > 0)
        fputs("\r\033[J", p->out);
    p->shown = 0;
    fflush(p->out);
}

void progress_say(progress *p, const char *format, ...)
{
    progress_clear(p);
    va_list args;
    va_start(args, format);
    vfprintf(p->out, format, args);
    va_end(args);
    fputc('\n', p->out);
    fflush(p->out);
}

void progress_measure(progress_rate *rate, int64_t step, double now)
{
    enum { SMOOTH_SECONDS = 2 };
    static const double LOOK_SECONDS = 0.2;
    double passed = now - rate->at;
    if (rate->at == 0 || step < rate->step) {
        *rate = (progress_rate){.at = now, .step = step};
    } else if (passed >= LOOK_SECONDS) {
        double new_rate = (double)(step - rate->step) / passed;
        double weight = rate->per_second == 0 ? 1 : 1 - exp(-passed / SMOOTH_SECONDS);
        rate->per_second += weight * (new_rate - rate->per_second);
        rate->at = now;
        rate->step = step;
    }
}

/* Appends; `at` may already be beyond `size`. */
static int append(char *out, size_t size, int at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static int append(char *out, size_t size, int at, const char *format, ...)
{
    bool room = (size_t)at < size;
    va_list args;
    va_start(args, format);
    int n = vsnprintf(room ? out + at : NULL, room ? size - (size_t)at : 0, format, args);
    va_end(args);
    return at + (n > 0 ? n : 0);
}

static int append_left(char *out, size_t size, int at, const char *before, double left)
{
    left = ceil(left);
    if (!(left >= 0 && left < 1e7))
        return at;
    int seconds = (int)left, hours = seconds / 3600;
    if (hours > 0)
        return append(out, size, at, "%sleft %d:%02d:%02d", before, hours, seconds / 60 % 60, seconds % 60);
    return append(out, size, at, "%sleft %d:%02d", before, seconds / 60, seconds % 60);
}

int progress_text(char *out, size_t size, const char *label, int place, int of, int64_t step, int64_t total,
                  const progress_rate *rate)
{
    int at = append(out, size, 0, "%s  [%d/%d]", label, place, of);
    if (total > 0)
        at = append(out, size, at, "  step %" PRId64 "/%" PRId64, step, total);
    else if (step > 0)
        at = append(out, size, at, "  step %" PRId64, step);
    double speed = rate->per_second;
    if (!(speed > 0))
        return at;
    at = append(out, size, at, speed < 10 ? "  %.2f steps/s" : "  %.0f steps/s", speed);
    return total > 0 ? append_left(out, size, at, "  ", (double)(total - step) / speed) : at;
}

/* A run that takes longer than others so far is taken to end now. */
static double pool_left(const progress_pool *p)
{
    int left = p->running + p->waiting, lanes = left < p->jobs ? left : p->jobs;
    double under_way = fmax(p->running * p->seconds - p->under_way, 0);
    return lanes > 0 ? (p->waiting * p->seconds + under_way) / lanes : 0;
}

int progress_pool_text(char *out, size_t size, const progress_pool *p)
{
    int at = append(out, size, 0, "%d of %d done", p->done, p->done + p->failed + p->running + p->waiting);
    if (p->failed > 0)
        at = append(out, size, at, ", %d failed", p->failed);
    if (p->running > 0)
        at = append(out, size, at, ", %d running", p->running);
    return p->seconds > 0 ? append_left(out, size, at, ", ", pool_left(p)) : at;
}

void progress_live(progress *p, const char *text)
{
    if (!p->terminal)
        return;
    struct winsize window;
    bool known = ioctl(fileno(p->out), TIOCGWINSZ, &window) == 0;
    int columns = known && window.ws_col > 1 ? window.ws_col : 80;
    int rows = known && window.ws_row > 1 ? window.ws_row : 24;
    char frame[16384]; /* written at once, so that it does not flicker */
    int at = p->shown > 1 ? append(frame, sizeof frame, 0, "\033[%dA", p->shown - 1) : 0, lines = 0;
    at = append(frame, sizeof frame, at, "\r");
    for (const char *line = text; *line && lines < rows - 1; lines++) {
        int n = (int)strcspn(line, "\n");
        at = append(frame, sizeof frame, at, "%s%.*s\033[K", lines ? "\n" : "", n < columns ? n : columns - 1,
                    line);
        line += line[n] ? n + 1 : n;
    }
    at = append(frame, sizeof frame, at, "\033[J");
    fwrite(frame, 1, (size_t)at < sizeof frame ? (size_t)at : sizeof frame - 1, p->out);
    fflush(p->out);
    p->shown = lines;
}

static const char *styled(const progress *p, terminal_style style, const char *text, char *out, size_t size)
{
    snprintf(out, size, "%s%s%s", terminal_sequence(p->colour, style), text,
             terminal_sequence(p->colour, TERMINAL_PLAIN));
    return out;
}

const char *progress_good(const progress *p, const char *text, char *out, size_t size)
{
    return styled(p, TERMINAL_GOOD, text, out, size);
}

const char *progress_bad(const progress *p, const char *text, char *out, size_t size)
{
    return styled(p, TERMINAL_BAD, text, out, size);
}
