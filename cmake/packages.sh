# What Assay needs from the system, and how it comes. Sourced by the launcher when it is about to build.
#
#   for    run: to build and run; test: for ./assay test as well; more: brought along where this may install,
#          nothing waits for it (`assay data get` brings data without root)
#   check  cmd: a program; lib: as pkg-config calls it; lua: a module; header: one of the C
#          library's; font: a file; data: a data set's folder
#   apt (Debian 12, Ubuntu 24.04), dnf, pacman: the package; - where there is none
package_table() {
    cat <<'END'
run  cmd:cc                gcc             gcc                 gcc            the C compiler
run  header:stdio.h        libc6-dev       glibc-devel         glibc          headers of the C library
run  cmd:cmake             cmake           cmake               cmake          configures the build
run  cmd:ninja             ninja-build     ninja-build         ninja          builds, on all cores
run  cmd:pkg-config        pkg-config      pkgconf-pkg-config  pkgconf        finds the libraries below
run  lib:lua5.4            liblua5.4-dev   lua-devel           lua            experiments are Lua scripts
run  lib:openblas          libopenblas-dev openblas-devel      openblas       products of matrices
run  lib:sqlite3           libsqlite3-dev  sqlite-devel        sqlite         every run's results
run  lib:yaml-0.1          libyaml-dev     libyaml-devel       libyaml        --config FILE.yaml
run  lib:zlib              zlib1g-dev      zlib-devel          zlib           compressed data sets
run  lib:libpng            libpng-dev      libpng-devel        libpng         images as data
run  lib:libcjson          libcjson-dev    cjson-devel         cjson          plans and --json
run  lib:nettle            nettle-dev      nettle-devel        nettle         SHA-256 of sources and data
more lib:libedit           libedit-dev     libedit-devel       libedit        line editing in assay repl
more lib:librsvg-2.0   librsvg2-dev    librsvg2-devel      librsvg        pictures as PNG
more font:DejaVuSans    fonts-dejavu-core dejavu-sans-fonts ttf-dejavu   the letters in them
more lib:libmicrohttpd libmicrohttpd-dev libmicrohttpd-devel libmicrohttpd  assay serve
more data:fashion-mnist    dataset-fashion-mnist -             -              the images quickstart learns
test cmd:c++               g++             gcc-c++             gcc            one plugin of the tests is C++
test cmd:curl          curl            curl                curl           downloads, from files in the tests
test lib:cmocka            libcmocka-dev   libcmocka-devel     cmocka         unit tests
test cmd:sqlite3           sqlite3         sqlite              sqlite         tests ask it what was stored
test cmd:clang             clang           clang               clang          its warnings are errors too
test cmd:clang-format-14   clang-format-14 -                   -              the layout of the sources
test cmd:luacheck          lua-check       -                   luacheck       the lint of the scripts
test lua:lpeg              lua-lpeg        lua-lpeg            lua-lpeg       a foreign Lua module to load
test lua:cjson             lua-cjson       -                   -              another one
END
}

# package_there CHECK: is it on this machine?
package_there() {
    name=${1#*:}
    case $1 in
    cmd:*) command -v "$name" >/dev/null ;;
    lib:*) pkg-config --exists "$name" 2>/dev/null ;;
    header:*) [ -e "/usr/include/$name" ] ;;
    font:*) any_file /usr/share/fonts/*/"$name".ttf /usr/share/fonts/*/*/"$name".ttf ;;
    lua:*) any_file /usr/lib*/lua/5.4/"$name".so /usr/lib/*/lua/5.4/"$name".so ;;
    data:*) any_file "${ASSAY_DATA:-}/$name" "${HOME:-}/.cache/assay/$name" "/usr/share/datasets/$name" ;;
    esac
}

any_file() {
    for file; do
        [ ! -e "$file" ] || return 0
    done
    return 1
}

# packages_missing FOR COLUMN: lines "PACKAGE WHY" of what is not there; COLUMN is apt, dnf, pacman.
packages_missing() {
    package_table | while read -r for check apt dnf pacman why; do
        case " $1 " in *" $for "*) ;; *) continue ;; esac
        package_there "$check" && continue
        case $2 in apt) package=$apt ;; dnf) package=$dnf ;; pacman) package=$pacman ;; esac
        [ "$package" != - ] || package="(${check#*:})"
        printf '%-22s %s\n' "$package" "$why"
    done
}

# The system's package manager: sets manager (empty if it is none of the three) and the command that installs.
find_manager() {
    manager= install=
    if command -v apt-get >/dev/null; then
        manager=apt install="apt-get install -y --no-install-recommends"
    elif command -v dnf >/dev/null; then
        manager=dnf install="dnf install -y"
    elif command -v pacman >/dev/null; then
        manager=pacman install="pacman -S --needed"
    fi
}

# How this user becomes root: sets as_root to env, or to sudo without a password, or to a sudo that asks, or
# where there is no way leaves it empty and sets why_not.
find_root() {
    as_root= why_not=
    if [ "${ASSAY_INSTALL:-yes}" = no ]; then
        why_not="ASSAY_INSTALL is no"
    elif [ -z "$manager" ]; then
        why_not="neither apt-get nor dnf nor pacman is here"
    elif [ "$manager" != apt ]; then
        why_not="only apt-get is used unasked"
    elif [ "$(id -u)" = 0 ]; then
        as_root=env
    elif ! command -v sudo >/dev/null; then
        why_not="installing needs root, and there is no sudo"
    elif sudo -n true 2>/dev/null; then
        as_root="sudo -n env"
    elif [ -n "$missing" ] && [ -t 0 ] && [ -t 2 ]; then # nobody is asked for a password for less
        as_root="sudo env"
    else
        why_not="sudo wants a password, and there is no terminal to ask"
    fi
}

# packages_need FOR LOG: installs what is missing of these ("run", "run test") through apt-get, or says what
# to type and ends with exit 2. Takes 40 ms when nothing is missing.
packages_need() {
    find_manager
    missing=$(packages_missing "$1" "${manager:-apt}")
    wanted=$missing
    [ "$manager" != apt ] || wanted=$(packages_missing "$1 more" apt)
    [ -n "$wanted" ] || return 0
    find_root
    if [ -n "$as_root" ]; then
        echo "assay: installing what this machine lacks (apt-get's words are in $2):" >&2
        echo "$wanted" | sed 's/^/  /' >&2
        packages_install "$2" $(echo "$wanted" | cut -d ' ' -f 1) || exit 2
        missing=$(packages_missing "$1" apt)
        why_not="installed, yet not found"
    fi
    [ -z "$missing" ] || packages_ask
}

# packages_install LOG PACKAGE...: waits for another apt-get that is at work.
packages_install() {
    log=$1
    shift
    apt="$as_root DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300"
    $apt update >"$log" 2>&1 </dev/null || true # an index that was not reached may not be needed
    $apt install -y --no-install-recommends "$@" >>"$log" 2>&1 </dev/null && return 0
    grep -E '^(E|Err|W):' "$log" >&2 || tail -n 5 "$log" >&2
    echo "assay: apt-get could not install them, see $log" >&2
    return 1
}

# Names what is missing and the command that brings it; ends with exit 2.
packages_ask() {
    echo "assay: missing on this machine ($why_not):" >&2
    echo "$missing" | sed 's/^/  /' >&2
    packages=$(echo "$missing" | cut -d ' ' -f 1 | grep -v '^(' | sort -u | tr '\n' ' ')
    sudo="sudo "
    [ "$(id -u)" != 0 ] || sudo=
    if [ -n "$manager" ] && [ -n "$packages" ]; then
        echo "type this, then start again: $sudo$install ${packages% }" >&2
    else
        echo "install these, then start again" >&2
    fi
    exit 2
}
