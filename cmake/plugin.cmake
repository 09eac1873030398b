# assay_plugin(TARGET SOURCE FOLDER): one C file, built against assay/plugin.h alone, becomes
# FOLDER/KIND/NAME.so, where KIND and NAME are the source's folder and name. Its source hash is its identity,
# so it is compiled in; the header that holds it depends on this source and on the folder's headers: an edit
# rebuilds one plugin, that of a shared header those beside it.
# Installed as well: find_package(assay) gives this function to other projects.
set(ASSAY_SOURCE_HASH_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/source_hash.cmake)

function(assay_plugin target source folder)
  cmake_path(ABSOLUTE_PATH source)
  cmake_path(GET source PARENT_PATH kind_folder)
  cmake_path(GET kind_folder FILENAME kind)
  cmake_path(GET source STEM name)
  set(header ${CMAKE_CURRENT_BINARY_DIR}/source_hash/${kind}/${name}.h)
  file(GLOB shared CONFIGURE_DEPENDS ${kind_folder}/*.h)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DSOURCE=${source} -DHEADER=${header} -P ${ASSAY_SOURCE_HASH_SCRIPT}
    DEPENDS ${source} ${shared} ${ASSAY_SOURCE_HASH_SCRIPT}
    VERBATIM)
  add_library(${target} MODULE ${source} ${header})
  # -g: a crash is told, and debugged, by the plugin's own lines
  target_compile_options(${target} PRIVATE "SHELL:-include \"${header}\"" -g)
  # everything but libc and libm reaches a plugin through its context: an undefined symbol is a mistake
  target_link_options(${target} PRIVATE -Wl,--as-needed -Wl,-z,defs)
  target_link_libraries(${target} PRIVATE assay::plugin m)
  set_target_properties(${target} PROPERTIES
    PREFIX "" OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${folder}/${kind})
endfunction()
