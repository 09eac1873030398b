/* The tensors among an instance's parameters: given as nested lists, kept as the plugin's as_t. */
#ifndef ASSAY_PLUGIN_INSTANCE_TENSORS_H
#define ASSAY_PLUGIN_INSTANCE_TENSORS_H

#include "plugin/instance.h"

/* Makes what instance->given has of them, checked among themselves as inputs of their types would be; each
 * call then checks its inputs against them. Fails "losses/x: parameter mask f32[2,3], expected f32[C]". */
bool instance_fill_tensors(instance *i);
void instance_drop_tensors(instance *i);

#endif
