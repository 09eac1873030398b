# cmake -DSOURCE=x.c -DHEADER=x.h -P source_hash.cmake
# writes the header that tells a plugin the SHA-256 of its own source.
file(SHA256 "${SOURCE}" hash)
file(WRITE "${HEADER}" "#define AS_SOURCE_HASH \"${hash}\"\n")
