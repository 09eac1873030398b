# find_package(assay) gives
#   assay::plugin                          the headers, for any target
#   assay_plugin(TARGET SOURCE FOLDER)     one plugin: KIND/NAME.c becomes FOLDER/KIND/NAME.so with its hash
#   ASSAY_PLUGINS                          the folder of the plugins that came with Assay
include(${CMAKE_CURRENT_LIST_DIR}/assayTargets.cmake)
include(${CMAKE_CURRENT_LIST_DIR}/plugin.cmake)
get_filename_component(ASSAY_PLUGINS ${CMAKE_CURRENT_LIST_DIR}/../../../lib/assay/plugins ABSOLUTE)
