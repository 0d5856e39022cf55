#!/bin/sh
# Installs the gateways named as arguments, which `make bench` measures us against, into .tools: exactly what
# benchmarks/gateways/locks says. Never fails: the benchmark refuses to go on without one unless it is told to.
set -u

LOCKS=benchmarks/gateways/locks
TOOLS=.tools

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }

litellm() {
    say "installing LiteLLM into $TOOLS/litellm"
    rm -rf "$TOOLS/litellm"
    .venv/bin/python -m venv "$TOOLS/litellm" &&
        "$TOOLS/litellm/bin/python" -m pip install --quiet --disable-pip-version-check \
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
