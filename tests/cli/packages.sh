# What the launcher does where something is missing: on a machine of links to the programs it may find, with
# an apt-get, a sudo and an id that are ours.
. "$(dirname "$0")/lib.sh"

mkdir -p tree/core tree/plugins bin data/fashion-mnist
cp "$ASSAY_ROOT/assay" tree/
mkdir tree/cmake
cp "$ASSAY_ROOT/cmake/packages.sh" tree/cmake/
cat >tree/CMakePresets.json <<'END'
{ "version": 4, "configurePresets": [
  { "name": "release", "generator": "Ninja", "binaryDir": "${sourceDir}/build/release" } ] }
END
cat >tree/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.23)
project(tiny LANGUAGES NONE)
add_custom_target(programs ALL COMMAND cp ${CMAKE_SOURCE_DIR}/core/assay ${CMAKE_BINARY_DIR}/assay)
END
printf '#!/bin/sh\necho ran\n' >tree/core/assay
chmod +x tree/core/assay
for program in sh env cat cc chmod cp cut dirname find flock grep ln mkdir mv readlink rm sed sort \
    tail touch tr; do
    ln -s "$(command -v $program)" bin/
done
ln -s /bin/true bin/
cmake=$(command -v cmake) ninja=$(command -v ninja)

# fake NAME: a program of this machine, its text on stdin
fake() {
    { echo '#!/bin/sh'; cat; } >bin/"$1"
    chmod +x bin/"$1"
}
fake id <<END
cat $PWD/user
END
fake uname <<'END'
echo Linux
END
fake pkg-config <<END # --exists NAME
[ "\$2" != "\$(cat $PWD/lacks)" ]
END
# start CODE: the launcher on this machine
start() {
    expect_exit "$1" env PATH="$PWD/bin" ASSAY_INSTALL=${2-yes} ASSAY_DATA="$PWD/data" tree/assay
}

# no package manager at all, then one whose command is only named
echo 1000 >user
echo libpng >lacks
start 2
expect_err "libpng-dev             images as data"
echo >lacks
start 2
expect_err "(neither apt-get nor dnf nor pacman is here)"
expect_err "ninja-build            builds, on all cores"
expect_err "install these, then start again"
expect_lines 0 4
ln -s /bin/false bin/pacman
start 2
expect_err "(only apt-get is used unasked)"
expect_err "type this, then start again: sudo pacman -S --needed cmake ninja"
ln -s /bin/false bin/dnf
start 2
expect_err "type this, then start again: sudo dnf install -y cmake ninja-build"

# apt-get: nobody to install as
fake apt-get <<END
cd $PWD
echo "\$DEBIAN_FRONTEND \$*" >>calls
case " \$* " in
*" update "*) ! [ -e offline ] ;;
*" install "*)
    if [ -e offline ]; then
        echo "E: Unable to locate package cmake"
        exit 100
    fi
    ln -s "$cmake" "$ninja" bin/ ;;
esac
END
start 2
expect_err "(installing needs root, and there is no sudo)"
expect_err "type this, then start again: sudo apt-get install -y --no-install-recommends cmake ninja-build"
fake sudo <<END
[ -e $PWD/free ] || exit 1
[ "\$1" = -n ] && shift
touch $PWD/sudo_used
exec "\$@"
END
start 2
expect_err "sudo wants a password, and there is no terminal to ask"
echo 0 >user
start 2 no
expect_err "(ASSAY_INSTALL is no)"
expect_err "type this, then start again: apt-get install -y --no-install-recommends cmake ninja-build"
[ ! -e calls ] || fail "apt-get was called"

# it fails: its own words
touch offline
start 2
expect_err "E: Unable to locate package cmake"
expect_err "see build/install.log"
rm offline calls

# as root: installs once, builds, runs
start 0
expect_line ran
expect_err "cmake                  configures the build"
grep -qx 'noninteractive .* install -y --no-install-recommends cmake ninja-build' calls || fail "$(cat calls)"
[ "$(wc -l <calls)" -eq 2 ] || fail "apt-get was called otherwise: $(cat calls)"
start 0
touch tree/core/assay
start 0
[ "$(wc -l <calls)" -eq 2 ] || fail "apt-get was called again"

# through sudo
rm -r bin/cmake bin/ninja calls tree/build
echo 1000 >user
touch free
start 0
expect_line ran
[ -e sudo_used ] || fail "sudo was not used"
grep -q '^noninteractive.* install' calls || fail "$(cat calls)"

# installed, yet still not there
rm -r bin/cmake bin/ninja tree/build
fake apt-get </dev/null
start 2
expect_err "(installed, yet not found)"
expect_lines 0 -
