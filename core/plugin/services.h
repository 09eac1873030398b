/* The table of calls through which plugins reach the host, filled. */
#ifndef ASSAY_PLUGIN_SERVICES_H
#define ASSAY_PLUGIN_SERVICES_H

#include <assay/services.h>

/* The host's one table, for context_new. */
const as_services *services_table(void);

/* Fills the part that reaches a call's models, groups and states. */
void services_inputs(as_services *table);

/* Fills the part of samplers and hooks. */
void services_sampling(as_services *table);

#endif
