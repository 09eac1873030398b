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

# compare FROZEN NOW: what plugins of the one would find wrong in the other; fails if there is anything.
compare() {
    bad=0
    facts "$1/assay" >"$box/then"
    facts "$2" >"$box/now"
    [ "$(wc -l <"$box/then")" -gt 100 ] || { echo "$1: no fields found"; exit 1; }
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
            echo "$2: $type is not what plugins of ${1##*/} were built with:"
            cat "$box/lost"
            bad=1
        fi
    done
    return $bad
}

status=0
for frozen in tests/abi/[0-9]*; do
    compare "$frozen" core/include/assay || status=1
done

# The lint itself: fields that change places, another number, a field in front are seen; one behind is not.
# seen FILE SED WANTED
seen() {
    rm -rf "$box/edited"
    cp -r core/include/assay "$box/edited"
    sed -i "$2" "$box/edited/$1"
    ! cmp -s "core/include/assay/$1" "$box/edited/$1" || { echo "abi.sh: \"$2\" changes nothing"; exit 1; }
    got=no
    compare tests/abi/1.0 "$box/edited" >"$box/said" || got=yes
    [ $got = "$3" ] || { echo "abi.sh: \"$2\" seen: $got, expected $3"; cat "$box/said"; exit 1; }
}
seen types.h 's/double alpha, sigma;/double sigma, alpha;/' yes
seen ops.h 's/AS_OP_ADD = [0-9]*/AS_OP_ADD = 999/' yes
seen services.h 's/^    bool (\*ok)/    int (*first)(as_ctx *c);\n&/' yes
seen services.h 's/^} as_services;/    int (*more)(as_ctx *c);\n&/' no
exit $status
