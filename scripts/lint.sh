#!/bin/sh
# All linters, the slowest of them beside the others.
set -eu
cd "$(dirname "$0")/.."
PATH=$PWD/node_modules/.bin:$PATH

eslint . &
slowest=$!
failed=0
prettier --check . || failed=1
sh scripts/shellcheck.sh || failed=1
knip || failed=1
wait "$slowest" || failed=1
exit "$failed"
