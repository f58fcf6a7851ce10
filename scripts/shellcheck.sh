#!/bin/sh
# Checks every shell script that git knows, those without an ending included.
set -eu
cd "$(dirname "$0")/.."
git ls-files -co --exclude-standard | while IFS= read -r file; do
  [ -f "$file" ] || continue
  case $file in
    src/guest/scripts/collect.sh) printf '%s\n' "$file" ;;
    src/guest/scripts/*) ;;
    *)
      # The interpreter decides; busybox counts as sh.
      if head -n 1 "$file" | grep -qaE '^#!.*[/ ](sh|bash|dash)( |$)'; then printf '%s\n' "$file"; fi
      ;;
  esac
done | xargs -d '\n' shellcheck
# Parts of one script each: common.sh comes before them.
shellcheck --shell=sh src/guest/scripts/common.sh
for script in prepare provision build fetched finish; do
  # SC2317: not every script uses all of common.sh.
  cat src/guest/scripts/common.sh "src/guest/scripts/$script.sh" | shellcheck --shell=sh --exclude=SC2317 -
done
