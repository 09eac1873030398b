/* losses/missing_symbol: has the note of a plugin and exports none. */
#include <assay/plugin.h>

AS_NOTE
