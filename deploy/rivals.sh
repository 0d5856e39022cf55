#!/bin/sh
# Lays out in .tools the gateways named as arguments, which `make bench` measures: us exactly as uv.lock says, the others
# as benchmarks/gateways/locks does. Never fails: the benchmark refuses to go on without one unless it is told to.
set -u

. deploy/python.sh

LOCKS=benchmarks/gateways/locks
TOOLS=.tools
CHOSEN=$TOOLS/interpreter
NEWEST=$TOOLS/cpython/.ready

uv() { "$VENV/bin/python" -m uv "$@"; }

# The fastest of this machine's own. Its file is touched only when another one is chosen.
interpreter() {
    need_uv
    mkdir -p "$TOOLS"
    found=$("$(fast_python)" -I deploy/interpreter.py)
    [ "$found" = "$(cat "$CHOSEN" 2>/dev/null)" ] || echo "$found" >"$CHOSEN"
}

place_of() { read -r _ _ _ place <"$1" && echo "$place"; }

# On the newest CPython, if it is there and what has no wheel for it can be compiled; else on the machine's own.
router() { lay_out "$(place_of "$NEWEST")" || lay_out "$(place_of "$CHOSEN")"; }

lay_out() {
    [ -n "$1" ] || return 1
    say "laying out $TOOLS/router with $("$1" -I deploy/interpreter.py)"
    CPATH="$PWD/$TOOLS/cpython/usr/include" UV_PROJECT_ENVIRONMENT="$TOOLS/router" \
        uv sync --quiet --locked --all-extras --no-dev --python "$1" && touch "$TOOLS/router/.ready"
}

# On the machine's own: not all that it needs is there for the newest CPython.
litellm() {
    say "installing LiteLLM into $TOOLS/litellm with $(cat "$CHOSEN")"
    uv venv --quiet --clear --python "$(place_of "$CHOSEN")" "$TOOLS/litellm" &&
        uv pip install --quiet --compile-bytecode --python "$TOOLS/litellm/bin/python" \
            --requirement "$LOCKS/litellm/requirements.txt" &&
        touch "$TOOLS/litellm/.ready"
}

portkey() {
    command -v npm >/dev/null || { echo 'npm is missing (the fix: install Node.js 20 or later)' >&2; return 1; }
    say "installing Portkey into $TOOLS/portkey"
    mkdir -p "$TOOLS/portkey"
    cp "$LOCKS/portkey/package.json" "$LOCKS/portkey/package-lock.json" "$LOCKS/portkey/.npmrc" "$TOOLS/portkey"
    (cd "$TOOLS/portkey" && npm ci --loglevel=error >/dev/null) && touch "$TOOLS/portkey/.ready"
}

for rival in "$@"; do
    "$rival" || printf '%s is not installed, and `make bench` needs to be told to do without\n' "$rival" >&2
done
