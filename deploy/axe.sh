#!/bin/sh
# Installs axe-core into .tools/axe: exactly what tests/e2e/axe/package-lock.json names. Never fails: the tests that need
# it say so and skip.
set -u

LOCKED=tests/e2e/axe
PLACE=.tools/axe

skip() { printf 'axe-core is not installed, so the tests that need it will be skipped: %s\n' "$*" >&2; exit 0; }

command -v npm >/dev/null || skip "npm is missing (the fix: install Node.js 18.20 or later)"
printf '\033[1m==>\033[0m %s\n' "installing axe-core into $PLACE"
mkdir -p "$PLACE"
cp "$LOCKED/package.json" "$LOCKED/package-lock.json" "$LOCKED/.npmrc" "$PLACE"
(cd "$PLACE" && npm ci --loglevel=error >/dev/null) || skip "npm ci failed"
touch "$PLACE/.ready"
