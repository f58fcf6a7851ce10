#!/bin/sh
# Integration tests: real VMs, by an ordinary user (root gets one for their length), in a folder of
# their own that is removed afterwards. Base boxes are made once and shared by all tests of a run.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d /var/tmp/mayfly-integration.XXXXXX)
chmod 0755 "$folder"
mkdir "$folder/checkout"
trap 'rmdir "$folder/checkout" && rm -rf "$folder"' EXIT
[ "$(id -u)" -ne 0 ] || chown 47231:47231 "$folder"
MAYFLY_TEST_HOME=$folder MAYFLY_TEST_FOLDER=$folder sh test/rig/as-user.sh \
  node node_modules/vitest/vitest.mjs run --project integration --configLoader runner "$@"
