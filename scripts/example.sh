#!/bin/sh
# Makes the example project, builds it, and boots the result: everything that a user does, once.
set -eu
begun=$(date +%s)
cd "$(dirname "$0")/.."
template=${1:-live}
project=out/example
mayfly=$PWD/bin/mayfly.js

if [ ! -e "$project" ]; then
  "$mayfly" init "$project" --template "$template"
else
  echo "Building the project that is there: $project. To begin anew: rm -rf $project"
fi
cd "$project"
"$mayfly" build
"$mayfly" boot artifacts/example.iso --expect "built from commit $(git rev-parse HEAD)" --timeout 10m
echo
echo 'The image is in out/example/artifacts. To boot it by hand:'
echo '  cd out/example && ../../bin/mayfly.js boot artifacts/example.iso      (Ctrl-A X ends it)'
echo '  qemu-system-x86_64 -m 1G -nographic -cdrom out/example/artifacts/example.iso'
seconds=$(($(date +%s) - begun))
echo
echo "All of it took $((seconds / 60)) min $((seconds % 60)) s."
