#!/bin/sh
# Integration tests: real VMs, by an ordinary user (root gets one for their length), in a folder of
# their own that is removed afterwards. Base boxes are made once and shared by all tests of a run.
set -eu
cd "$(dirname "$0")/.."
folder=$(mktemp -d /var/tmp/mayfly-integration.XXXXXX)
chmod 0755 "$folder"
mkdir "$folder/checkout"
trap 'rmdir "$folder/checkout" && rm -rf "$folder"' EXIT
export MAYFLY_TEST_FOLDER="$folder"
if [ "$(id -u)" -eq 0 ]; then
  node --import tsx --input-type=module --eval "await (await import('./test/rig/first-box.ts')).setup()"
  chown -R 47231:47231 "$folder"
fi
MAYFLY_TEST_HOME=$folder sh test/rig/as-user.sh \
  node node_modules/vitest/vitest.mjs run --project integration --configLoader runner "$@"
