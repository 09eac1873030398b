# What plugins of a frozen version were compiled with stays as it was: fields in their order and type, numbers
# of enums. Structs that grow may have more fields behind; all others are as they were.
set -eu
cd "$ASSAY_ROOT"
box=$(mktemp -d)
trap 'rm -rf "$box"' EXIT

# Lines "STRUCT: field" and "enum: NAME = n", without comments and spaces at will.
facts() {
    cat "$1"/types.h "$1"/services.h "$1"/ops.h | tr '\n' ' ' | sed 's|/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/||g' |
        sed 's/[[:space:]]\+/ /g; s/typedef struct {/\nSTRUCT /g; s/typedef enum {/\nENUM /g' |
        sed 's/} \(as_[a-z_]*\);/\nEND \1\n/g' |
        awk '/^STRUCT |^ENUM / { body = $0; next } /^END / { print $2 "|" body }' |
        awk -F'|' '{
            enum = $2 ~ /^ENUM/
            sub(/^(STRUCT|ENUM) */, "", $2)
            n = split($2, part, enum ? "," : ";")
            for (i = 1; i <= n; i++) {
                gsub(/^ +| +$/, "", part[i])
                if (part[i] != "" && part[i] !~ /_END =/) print $1 ": " part[i]
            }
        }'
}

bad=0
facts core/include/assay >"$box/now"
for frozen in tests/abi/[0-9]*; do
    facts "$frozen/assay" >"$box/then"
    [ "$(wc -l <"$box/then")" -gt 100 ] || { echo "$frozen: no fields found"; exit 1; }
    for type in $(sed 's/:.*//' "$box/then" | sort -u); do
        grep "^$type: " "$box/then" >"$box/a"
        grep "^$type: " "$box/now" >"$box/b" || :
        case $type in
        as_op_code) grep -vxFf "$box/b" "$box/a" >"$box/lost" || : ;;
        as_plugin | as_services | as_request | as_sample | as_param_type)
            head -n "$(wc -l <"$box/a")" "$box/b" | diff "$box/a" - >"$box/lost" || : ;;
        *) diff "$box/a" "$box/b" >"$box/lost" || : ;;
        esac
        if [ -s "$box/lost" ]; then
            echo "core/include/assay: $type is not what plugins of ${frozen##*/} were built with:"
            cat "$box/lost"
            bad=1
        fi
    done
done
exit $bad
