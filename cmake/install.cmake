# cmake --install BUILD --prefix PREFIX. The programs find the rest from where they stand, so a prefix may be
# moved; nothing of it depends on the machine type but the programs and the plugins.
#   bin/assay  libexec/assay/assay-worker  lib/assay/plugins/KIND/NAME.so  lib/assay/libassay_sql.so
#   lib/assay/lua/assay/NAME.so
#   include/assay  share/assay/lua  share/pkgconfig  share/cmake/assay  share/man  shell completions
include(CMakePackageConfigHelpers)

install(TARGETS assay RUNTIME DESTINATION bin)
install(TARGETS assay-worker RUNTIME DESTINATION libexec/assay)
install(TARGETS assay_sql LIBRARY DESTINATION lib/assay)
install(DIRECTORY lua/assay DESTINATION share/assay/lua FILES_MATCHING PATTERN "*.lua"
  PATTERN "*.css" PATTERN "*.js")
install(DIRECTORY core/include/assay DESTINATION include FILES_MATCHING PATTERN "*.h")

# For plugins outside any tree: pkg-config --cflags assay, find_package(assay)
configure_file(cmake/assay.pc.in assay.pc @ONLY)
install(FILES ${CMAKE_BINARY_DIR}/assay.pc DESTINATION share/pkgconfig)
write_basic_package_version_file(assayConfigVersion.cmake COMPATIBILITY SameMajorVersion ARCH_INDEPENDENT)
install(FILES cmake/assayConfig.cmake cmake/plugin.cmake cmake/source_hash.cmake
  ${CMAKE_BINARY_DIR}/assayConfigVersion.cmake DESTINATION share/cmake/assay)
install(TARGETS plugin_headers EXPORT assayTargets)
install(EXPORT assayTargets NAMESPACE assay:: DESTINATION share/cmake/assay)

# The program writes its own manual page and completions, from the tables that its --help prints.
# assay_words(FILE FOLDER ARGUMENTS...): what the program prints becomes PREFIX/FOLDER/FILE.
function(assay_words file folder)
  set(out ${CMAKE_BINARY_DIR}/words/${file})
  add_custom_command(OUTPUT ${out} COMMAND assay ${ARGN} > ${out} DEPENDS assay VERBATIM)
  set_property(TARGET words APPEND PROPERTY SOURCES ${out})
  install(FILES ${out} DESTINATION ${folder})
endfunction()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/words)
add_custom_target(words ALL)
add_dependencies(programs words) # so that either build can be installed
assay_words(assay.1 share/man/man1 --man)
assay_words(assay share/bash-completion/completions completion bash)
assay_words(_assay share/zsh/site-functions completion zsh)
