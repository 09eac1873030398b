#include "supervisor/progress.h"

#include "base/terminal.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <sys/ioctl.h>

void progress_open(progress *p, FILE *out)
{
    *p = (progress){.out = out, .terminal = terminal_understands(out), .colour = terminal_colours(out)};
}

void progress_clear(progress *p)
{
    if (p->shown)
        fputs("\r\033[K", p->out);
    p->shown = false;
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
    double left = ceil((double)(total - step) / speed);
    if (total > 0 && left >= 0 && left < 1e7) {
        int seconds = (int)left, hours = seconds / 3600;
        if (hours > 0)
            at = append(out, size, at, "  left %d:%02d:%02d", hours, seconds / 60 % 60, seconds % 60);
        else
            at = append(out, size, at, "  left %d:%02d", seconds / 60, seconds % 60);
    }
    return at;
}

void progress_live(progress *p, const char *text)
{
    if (!p->terminal)
        return;
    struct winsize window;
    int columns = ioctl(fileno(p->out), TIOCGWINSZ, &window) == 0 && window.ws_col > 1 ? window.ws_col : 80;
    fprintf(p->out, "\r%.*s\033[K", columns - 1, text);
    fflush(p->out);
    p->shown = true;
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
