#!/bin/sh
# Installs Stoplight Prism into .tools/prism: exactly what tests/contract/prism/package-lock.json names. Never
# fails: the tests that need it say so and skip.
set -u

LOCKED=tests/contract/prism
PLACE=.tools/prism

skip() { printf 'Prism is not installed, so the tests that need it will be skipped: %s\n' "$*" >&2; exit 0; }

for tool in node npm; do
    command -v "$tool" >/dev/null || skip "$tool is missing (the fix: install Node.js 18.20 or later)"
done
printf '\033[1m==>\033[0m %s\n' "installing Prism into $PLACE"
mkdir -p "$PLACE"
cp "$LOCKED/package.json" "$LOCKED/package-lock.json" "$LOCKED/.npmrc" "$PLACE"
(cd "$PLACE" && npm ci --loglevel=error >/dev/null) || skip "npm ci failed"
touch "$PLACE/.ready"
