#!/bin/sh
# Makes the base box that most integration tests use, as who runs it, in MAYFLY_TEST_FOLDER.
set -eu
cd "$(dirname "$0")/.."
chmod 0755 "$MAYFLY_TEST_FOLDER"
exec node --import tsx --input-type=module --eval "await (await import('./test/rig/first-box.ts')).setup()"
