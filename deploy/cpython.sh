#!/bin/sh
# Lays out in .tools/cpython the newest CPython of Debian's next release, on which `make bench` measures us: see
# docs/adr/0032-the-newest-python.md. It stands beside the system, needs no root, and apt checks all signatures.
# Never fails: where it cannot be had, .ready is empty, and we are measured on what the machine has.
set -u

. deploy/python.sh

SUITE=forky
NAME=python3.15
MIRROR=${DEBIAN_MIRROR:-http://deb.debian.org/debian}
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
PLACE=$PWD/.tools/cpython
WORK=$PLACE/apt

# apt with nothing of this machine's: to it no package is installed, so that it fetches all that is needed.
beside() {
    tool=$1
    shift
    "$tool" -qq -o Dir::Etc::SourceList="$WORK/sources.list" -o Dir::Etc::SourceParts=/dev/null \
        -o Dir::State::Lists="$WORK/lists" -o Dir::State::Status="$WORK/status" -o Dir::Cache="$WORK/cache" \
        -o Debug::NoLocking=1 -o APT::Sandbox::User= -o APT::Install-Recommends=0 "$@" >/dev/null
}

fetch() {
    mkdir -p "$WORK/lists/partial" "$WORK/cache/archives/partial"
    : >"$WORK/status"
    echo "deb [signed-by=$KEYS] $MIRROR $SUITE main" >"$WORK/sources.list"
    beside apt-get update && beside apt-get install --yes --download-only "$NAME" libstdc++6 &&
        (cd "$WORK/cache/archives" && beside apt-get download "lib$NAME-dev") &&  # headers, without those of its C library
        for package in "$WORK"/cache/archives/*.deb; do dpkg-deb --extract "$package" "$PLACE" || return 1; done
}

# It finds its C library beside itself, whatever the system's is. patchelf 0.17 leaves it unable to start.
settle() {
    loader=$(find "$PLACE/usr/lib" -name 'ld-linux*' -print -quit)
    "$VENV/bin/python" -m uv tool run --quiet 'patchelf>=0.16,<0.17' --set-interpreter "$loader" \
        --force-rpath --set-rpath "$(dirname "$loader")" "$PLACE/usr/bin/$NAME" &&
        "$PLACE/usr/bin/$NAME" -I deploy/interpreter.py
}

rm -rf "$PLACE"
mkdir -p "$PLACE"
need_uv
say "fetching $NAME of Debian's next release into .tools/cpython"
if [ -f "$KEYS" ] && fetch && settle >"$PLACE/.ready"; then
    cat "$PLACE/.ready"
else
    echo "$NAME cannot be had here, which takes Debian's apt: we are measured on what the machine has"
    : >"$PLACE/.ready"
fi
rm -rf "$WORK"
