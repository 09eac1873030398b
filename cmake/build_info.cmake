# Writes OUT, the definitions of core/worker/build_info.h, from the git repository at ROOT:
# cmake -DROOT=... -DOUT=... -DVERSION=... -DTYPE=... -P build_info.cmake
execute_process(COMMAND git -C ${ROOT} rev-parse --verify HEAD
  OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE failed)
set(bytes "")
if(failed)
  set(commit_c "NULL")
else()
  set(commit_c "\"${commit}\"")
  set(diff ${OUT}.diff)
  execute_process(COMMAND git -C ${ROOT} diff HEAD OUTPUT_FILE ${diff} ERROR_QUIET)
  file(READ ${diff} hex HEX LIMIT 1000000)
  file(REMOVE ${diff})
  string(REGEX REPLACE "(..)" "'\\\\x\\1'," bytes "${hex}") # chars: a byte above 127 is no int of a char
  string(REGEX REPLACE "(......,......,......,......,)" "\\1\n" bytes "${bytes}")
endif()
file(WRITE ${OUT} "#include \"worker/build_info.h\"
#include <stddef.h>
const char *const build_version = \"${VERSION}\";
const char *const build_type = \"${TYPE}\";
const char *const build_git_commit = ${commit_c};
const char build_dirty_diff[] = {${bytes}0};
")
