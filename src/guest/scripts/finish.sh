# Before the VM goes: the build directory away unless it is to be rescued, caches unmounted cleanly.
main() {
  # After a timeout the script still runs.
  [ ! -e "$BUILD_GROUP" ] || echo 1 > "$BUILD_GROUP/cgroup.kill"
  # After an interruption, that of provisioning does.
  [ ! -e "$UNFINISHED" ] || end_group "$PROVISION_GROUP"
  if [ "$MF_KEEP_BUILD" != yes ]; then
    if mountpoint -q /build; then umount -R --lazy /build; else rm -rf /build; fi
  fi
  [ "$MF_UNMOUNT" = yes ] || return 0
  # A VM that is halted starts again from this disk.
  sync
  systemctl stop apt-cacher-ng 2> /dev/null || true
  for directory in /var/cache/apt-cacher-ng /var/cache/website; do
    if mountpoint -q "$directory"; then
      umount "$directory" || fail guest.busy-cache "$directory"
    fi
  done
  other_disks
}

# Cache disks that a script of the project's has mounted where it likes, whole or in partitions.
other_disks() {
  cut -d ' ' -f 1 /proc/mounts | grep '^/dev/vd[b-z][0-9]*$' | sort -u | while read -r device; do
    umount --all-targets "$device" || fail guest.busy-cache "$device"
  done
}

main < /dev/null
