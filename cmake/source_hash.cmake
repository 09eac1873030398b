# cmake -DSOURCE=x.c -DHEADER=x.h -P source_hash.cmake
# writes the header that tells a plugin the SHA-256 of its own source: of the file, or, where it includes
# headers of its folder, of the file's hash and theirs, as source_hash of core/base/source_hash.h makes it.
file(SHA256 "${SOURCE}" hash)
cmake_path(GET SOURCE PARENT_PATH folder)
set(all ${hash})
file(STRINGS "${SOURCE}" includes REGEX "^#include \"[^\"]+\"")
foreach(line ${includes})
  string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" name "${line}")
  if(EXISTS "${folder}/${name}")
    file(SHA256 "${folder}/${name}" one)
    string(APPEND all " ${one}")
  endif()
endforeach()
if(NOT all STREQUAL hash)
  string(SHA256 hash "${all}")
endif()
file(WRITE "${HEADER}" "#define AS_SOURCE_HASH \"${hash}\"\n")
