#!/bin/sh
# Lays out .venv at the project's root: a Python, uv from PyPI, then exactly what uv.lock names.
# Needs a Python of 3.11 or later and a network (or a warm uv cache); neither curl, git nor node.
set -eu

UV='uv>=0.13,<0.14'
VENV=.venv

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# A version manager's shim may exist and not run, so each candidate is tried, not looked up.
# 3.12 and 3.14 come late: pocketsphinx ships no wheel for them and would need a C compiler.
find_python() {
    for candidate in ${PYTHON:+"$PYTHON"} python3.11 python3.13 python3 python3.12 python3.14 python; do
        if recent "$candidate"; then echo "$candidate"; return; fi
    done
    fail "no Python of 3.11 or later was found. On Debian or Ubuntu: apt-get install python3 python3-venv.
Elsewhere: install it from https://www.python.org, or name one: make PYTHON=/path/to/python3.11"
}

# Debian splits ensurepip off into a package of its own.
need_ensurepip() {
    "$1" -c 'import ensurepip' 2>/dev/null && return
    package=$("$1" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing $package"
        apt-get update -qq && apt-get install -y -qq --no-install-recommends "$package"
    fi
    "$1" -c 'import ensurepip' 2>/dev/null || fail "$1 cannot create environments. The fix: apt-get install $package"
}

if ! recent "$VENV/bin/python"; then
    python=$(find_python)
    need_ensurepip "$python"
    say "creating $VENV with $("$python" --version)"
    rm -rf "$VENV"
    "$python" -m venv "$VENV"
fi

if ! "$VENV/bin/python" -m uv --version >/dev/null 2>&1; then
    say "installing uv into $VENV"
    "$VENV/bin/python" -m ensurepip >/dev/null  # an environment made by uv itself has no pip
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$UV"
fi

say "installing the locked dependencies"
# Named outright: an active environment or a UV_* variable must not send them elsewhere.
UV_PROJECT_ENVIRONMENT="$VENV" "$VENV/bin/python" -m uv sync --locked --all-extras
