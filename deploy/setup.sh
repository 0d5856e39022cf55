#!/bin/sh
# Lays out .venv at the project's root: a Python, uv from PyPI, then exactly what uv.lock names.
# Needs a Python of 3.11 or later and a network (or a warm uv cache); neither curl, git nor node.
set -eu

. deploy/python.sh

fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

need_ensurepip() {
    creates "$1" && return
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing $package"
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package"
    fi
    creates "$1" || fail "$1 cannot create environments. The fix: apt-get install $package"
}

if ! recent "$VENV/bin/python"; then
    python=$(find_python) || fail "no Python of 3.11 or later was found. On Debian or Ubuntu: apt-get install python3 python3-venv.
Elsewhere: install it from https://www.python.org, or name one: make PYTHON=/path/to/python3.11"
    need_ensurepip "$python"
    say "creating $VENV with $("$python" --version)"
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
fi

need_uv
say "installing the locked dependencies"
# Named outright: an active environment or a UV_* variable must not send them elsewhere.
UV_PROJECT_ENVIRONMENT="$VENV" "$VENV/bin/python" -m uv sync --locked --all-extras
