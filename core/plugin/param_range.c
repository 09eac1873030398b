/* Ranges and numbers of parameters, as text. */
#include "plugin/param.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *p)
{
    while (*p == ' ')
        p++;
    return p;
}

bool param_range_parse(const char *text, param_range *r)
{
    *r = (param_range){-INFINITY, INFINITY, false, false};
    if (!text)
        return true;
    const char *p = skip_blanks(text);
    char *end;
    if (*p != '[' && *p != '(')
        return false;
    r->low_open = *p++ == '(';
    r->low = strtod(p, &end);
    if (end == p)
        return false;
    p = skip_blanks(end);
    if (*p++ != ',')
        return false;
    r->high = strtod(p, &end);
    if (end == p)
        return false;
    p = skip_blanks(end);
    if (*p != ']' && *p != ')')
        return false;
    r->high_open = *p++ == ')';
    bool empty = !(r->low <= r->high) || (r->low == r->high && (r->low_open || r->high_open));
    return !empty && *skip_blanks(p) == '\0';
}

bool param_range_holds(const param_range *r, double value)
{
    return (r->low_open ? value > r->low : value >= r->low) &&
           (r->high_open ? value < r->high : value <= r->high);
}

const char *param_number_text(double value, char buffer[32])
{
    for (int digits = 6; digits <= 17; digits++) {
        snprintf(buffer, 32, "%.*g", digits, value);
        if (strtod(buffer, NULL) == value)
            break;
    }
    return buffer;
}

/* An end at infinity is out of reach anyway: only finite ones are worth a word. */
const char *param_range_text(const param_range *r, char buffer[160])
{
    char low[32], high[32];
    param_number_text(r->low, low);
    param_number_text(r->high, high);
    bool no_low = r->low_open && isfinite(r->low), no_high = r->high_open && isfinite(r->high);
    if (no_low && no_high)
        snprintf(buffer, 160, "%s to %s (%s and %s excluded)", low, high, low, high);
    else if (no_low || no_high)
        snprintf(buffer, 160, "%s to %s (%s excluded)", low, high, no_low ? low : high);
    else
        snprintf(buffer, 160, "%s to %s", low, high);
    return buffer;
}
