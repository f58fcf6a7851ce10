#!/bin/sh
# Makes the example project, builds it, and boots the result: everything that a user does, once.
set -eu
cd "$(dirname "$0")/.."
template=${1:-live}
project=out/example
mayfly=$PWD/bin/mayfly.js

if [ ! -e "$project" ]; then
  "$mayfly" init "$project" --template "$template"
fi
cd "$project"
"$mayfly" build
"$mayfly" boot artifacts/example.iso --expect 'built from commit' --timeout 10m
echo
echo 'The image is in out/example/artifacts. To boot it by hand:'
echo '  cd out/example && ../../bin/mayfly.js boot artifacts/example.iso      (Ctrl-A X ends it)'
echo '  qemu-system-x86_64 -m 1G -nographic -cdrom out/example/artifacts/example.iso'
