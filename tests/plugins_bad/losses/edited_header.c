/* losses/edited_header: compiled with a shorter descriptor than the ABI it claims has. */
#include <assay/plugin.h>

AS_NOTE

static const as_plugin plugin = {.size = sizeof(as_plugin) - 8,
                                 .kind = "losses",
                                 .name = "edited_header",
                                 .version = "1.0.0",
                                 .doc = "short"};
static const as_plugin *const list[] = {&plugin};

AS_EXPORT const as_module assay_plugin = {AS_ABI_MAJOR, AS_MINOR, sizeof(as_plugin) - 8, 1, list};
