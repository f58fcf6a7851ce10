#!/bin/sh
# Integration tests: real VMs, by an ordinary user (root gets one for their length), in a folder of
# their own that is removed afterwards. Base boxes are made once and shared by all tests of a run;
# the first by root, where root runs this.
set -eu
cd "$(dirname "$0")/.."
MAYFLY_TEST_FOLDER=${MAYFLY_TEST_FOLDER:-$(mktemp -d /var/tmp/mayfly-integration.XXXXXX)}
export MAYFLY_TEST_FOLDER
mkdir "$MAYFLY_TEST_FOLDER/checkout"
trap 'rmdir "$MAYFLY_TEST_FOLDER/checkout" && rm -rf "$MAYFLY_TEST_FOLDER"' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM
sh scripts/first-box.sh
[ "$(id -u)" -ne 0 ] || chown -R 47231:47231 "$MAYFLY_TEST_FOLDER"
MAYFLY_TEST_HOME=$MAYFLY_TEST_FOLDER sh test/rig/as-user.sh \
  node node_modules/vitest/vitest.mjs run --project integration --configLoader runner "$@"
