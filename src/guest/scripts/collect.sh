# shellcheck shell=bash
# Copies what the build made to the share that the host reads. One pattern a line in MF_PATTERNS;
# bash, for `**`.
shopt -s nullglob globstar

collect() {
  cd /build/source 2> /dev/null || return 0
  # Unquoted on purpose: this is where patterns become names. Nothing else is expanded.
  local IFS=
  while read -r pattern; do
    for file in $pattern; do
      if [ ! -f "$file" ] || [ -L "$file" ]; then continue; fi
      name=${file##*/}
      [ ! -e "/run/mayfly/artifacts/$name" ] || fail guest.same-name "$name"
      cp --sparse=always -- "$file" "/run/mayfly/artifacts/$name" || fail guest.copy "$name"
    done
  done <<< "$MF_PATTERNS"
}

main() {
  find /run/mayfly/artifacts -mindepth 1 -maxdepth 1 ! -name .virtfs_metadata -exec rm -rf {} +
  collect
}

main < /dev/null
