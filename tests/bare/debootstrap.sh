#!/bin/sh
# A newcomer's machine: a bare Debian 12 or Ubuntu 24.04 with nothing but git, ca-certificates and sudo, in
# which a user without a password for sudo clones Assay and types the two commands of README.md. Prints how
# long each took. By hand, as root, with debootstrap installed; about ten minutes:
#   SUITE=bookworm|noble tests/bare/debootstrap.sh FOLDER [REPOSITORY]
# FOLDER receives the machine (700 MB at the end) and keeps it; REPOSITORY is what is cloned, this tree's last
# commit if not given. Where the network wants more than the system's own settings:
#   MIRROR=http://... SOURCES=FILE (apt's list inside, else MIRROR) APT_CONF=FILE
set -eu
: "${SUITE:=bookworm}" "${SOURCES:=}" "${APT_CONF:=}"
case $SUITE in
bookworm) mirror=http://deb.debian.org/debian keys=debian components=main script=$SUITE ;;
noble) # debootstrap of Debian 12 has Ubuntu's script, but not under this name
    mirror=http://archive.ubuntu.com/ubuntu keys=ubuntu components=main,universe script=gutsy ;;
*) echo "$0: SUITE is bookworm or noble, not $SUITE" >&2; exit 2 ;;
esac
: "${MIRROR:=$mirror}"
[ $# -ge 1 ] || { sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "$0: needs root, for debootstrap and chroot" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "$0: type this first: apt-get install debootstrap" >&2; exit 2; }
here=$(readlink -f "$(dirname "$0")/../..")
repository=$(readlink -f "${2:-$here}")

# mounts are of this process only, and end with it
[ "${ASSAY_BARE_INSIDE:-}" = yes ] || ASSAY_BARE_INSIDE=yes \
    exec unshare --mount --propagation private "$0" "$@"

machine=$1

# Debian has no package of Ubuntu's keys: without them the first packages are taken unverified, into a folder
# that is thrown away. The machine's own apt-get has its keys and verifies the rest.
trust=--keyring=/usr/share/keyrings/$keys-archive-keyring.gpg
[ -e "${trust#*=}" ] || trust=--no-check-gpg
[ -e "$machine/etc/debian_version" ] ||
    debootstrap --variant=minbase "$trust" --components=$components --include=git,ca-certificates,sudo \
        "$SUITE" "$machine" "$MIRROR" "/usr/share/debootstrap/scripts/$script" >&2
machine=$(readlink -f "$machine")
[ ! -e "$machine/home/newcomer" ] || { echo "$machine has been used: give a new folder" >&2; exit 2; }

cp -L /etc/resolv.conf "$machine/etc/"
echo "127.0.0.1 localhost $(hostname)" >"$machine/etc/hosts"
if [ -n "$SOURCES" ]; then
    rm -f "$machine/etc/apt/sources.list"
    cp "$SOURCES" "$machine/etc/apt/sources.list.d/"
fi
[ -z "$APT_CONF" ] || cp "$APT_CONF" "$machine/etc/apt/apt.conf.d/"
for place in proc sys dev dev/pts; do
    mount --rbind "/$place" "$machine/$place"
done
mount -t tmpfs none "$machine/dev/shm"
git clone -q --bare "$repository" "$machine/srv/assay.git"
chroot "$machine" sh -c 'useradd -m -s /bin/bash newcomer
    echo "newcomer ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/newcomer
    chown -R newcomer /srv/assay.git
    rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb'

inside() {
    # the environment of a login, none of ours
    chroot "$machine" /usr/bin/env -i HOME=/home/newcomer USER=newcomer TERM=dumb LANG=C.UTF-8 \
        PATH=/usr/local/bin:/usr/bin:/bin sudo -H -u newcomer sh -c "cd && $1" </dev/null
}

# timed WORDS: runs them as the newcomer; a line of the table
timed() {
    began=$(date +%s)
    inside "$1" >&2 && ended=ok || ended="exit $?"
    printf '| `%s` | %s s | %s |\n' "$1" $(($(date +%s) - began)) "$ended"
}

cpu=$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -n 1)
system=$(. "$machine/etc/os-release" && echo "$NAME $VERSION_ID")
printf '%s, %s cores, %s, %s\n\n' "$cpu" "$(nproc)" "$system" "$(date +%F)"
printf '| typed | time | |\n|---|---|---|\n'
timed 'git clone -q /srv/assay.git assay'
timed 'cd assay && ./assay run experiments/quickstart.lua'
timed 'cd assay && ./assay run experiments/quickstart.lua --again'
timed 'cd assay && ./assay test'
