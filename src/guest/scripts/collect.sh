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

# Mounted only while it is used: the guest may then cache what it writes, which is ten times as
# fast, and unmounting brings all of it to the host before the host looks.
main() {
  install -d -m 0700 /run/mayfly/artifacts
  if mountpoint -q /run/mayfly/artifacts; then umount --lazy /run/mayfly/artifacts; fi
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=524288,access=0,cache=loose artifacts /run/mayfly/artifacts ||
    fail guest.share "cannot mount the share for artifacts"
  find /run/mayfly/artifacts -mindepth 1 -maxdepth 1 ! -name .virtfs_metadata -exec rm -rf {} +
  collect
  umount /run/mayfly/artifacts || fail guest.share "cannot unmount the share for artifacts"
}

main < /dev/null
