#!/bin/sh
# All linters and tests. The base box that most integration tests use is made while the linters and the unit tests run:
# each leaves a processor idle at times.
set -eu
cd "$(dirname "$0")/.."
MAYFLY_TEST_FOLDER=$(mktemp -d /var/tmp/mayfly-integration.XXXXXX)
export MAYFLY_TEST_FOLDER
log=$MAYFLY_TEST_FOLDER/first-box.log
making=

stop() {
  [ -z "$making" ] || kill "$making" 2> /dev/null || true
  wait
  rm -rf "$MAYFLY_TEST_FOLDER"
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

sh scripts/first-box.sh > "$log" 2>&1 &
making=$!
sh scripts/lint.sh
npm run --silent test:unit
wait "$making" || { cat "$log" >&2; exit 1; }
making=
sh scripts/integration.sh
