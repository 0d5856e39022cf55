#!/bin/sh
# Makes sure that the commands named as arguments exist, from Debian when we may install; never fails:
# a test whose command is missing says so and skips.

# Debian keeps PostgreSQL's server out of the path, under its version; some packages are not called like what they bring.
there() {
    case $1 in
        golang-go) command -v go ;;
        golang-github-masterminds-sprig-dev) ls /usr/share/gocode/src/github.com/Masterminds/sprig ;;
        systemd) command -v systemd-analyze ;;
        *) command -v "$1" || ls /usr/lib/"$1"/*/bin/initdb ;;
    esac >/dev/null 2>&1
}

for tool in "$@"; do
    there "$tool" && continue
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "installing $tool"
        { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$tool"; } >/dev/null && continue
    fi
    echo "$tool is missing: the tests that need it will be skipped (the fix: install $tool)" >&2
done
