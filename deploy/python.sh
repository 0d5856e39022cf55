# Which Python for what. Sourced by setup.sh, cpython.sh and rivals.sh, from the project's root.

VENV=.venv
UV='uv>=0.13,<0.14'

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

# A version manager's shim may exist and not run, so each candidate is tried, not looked up.
recent() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# Debian splits ensurepip off into a package of its own.
creates() { "$1" -c 'import ensurepip' 2>/dev/null; }

# A build that never watched itself at work, as version managers make them, takes a fifth more time for everything.
optimised() { case $("$1" -I deploy/interpreter.py 2>/dev/null) in *' optimised '*) ;; *) return 1 ;; esac; }

# Whether it finds all that uv.lock names ready made.
supplied() {
    "$VENV/bin/python" -m uv sync --locked --all-extras --no-dev --no-install-project --no-build --dry-run \
        --python "$1" >/dev/null 2>&1
}

# Prints every command of these names on PATH, those that another of the same name hides included.
everywhere() {
    for name in "$@"; do
        (
            IFS=:
            for folder in $PATH; do
                if [ -x "$folder/$name" ]; then echo "$folder/$name"; fi
            done
        )
    done
}

# Prints the Python to develop with: an optimised one if it needs no compiler and no further package, else any that runs.
# 3.12 and 3.14 come late: pocketsphinx ships no wheel for them and would need a C compiler.
find_python() {
    for candidate in ${PYTHON:+"$PYTHON"}; do
        if recent "$candidate"; then echo "$candidate"; return; fi
    done
    for candidate in $(everywhere python3.11 python3.13); do
        if recent "$candidate" && optimised "$candidate" && creates "$candidate"; then echo "$candidate"; return; fi
    done
    for candidate in python3.11 python3.13 python3 python3.12 python3.14 python; do
        if recent "$candidate"; then echo "$candidate"; return; fi
    done
    return 1
}

# Prints the Python to measure with: the newest that is optimised and has all that uv.lock names, else the environment's.
fast_python() {
    for candidate in $(everywhere python3.14 python3.13 python3.12 python3.11 python3) /usr/bin/python3; do
        if recent "$candidate" && optimised "$candidate" && supplied "$candidate"; then echo "$candidate"; return; fi
    done
    echo "$VENV/bin/python"
}

need_uv() {
    "$VENV/bin/python" -m uv --version >/dev/null 2>&1 && return
    say "installing uv into $VENV"
    "$VENV/bin/python" -m ensurepip >/dev/null  # an environment made by uv itself has no pip
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check "$UV"
}
