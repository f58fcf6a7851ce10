# Before the VM goes: the build directory away unless it is to be rescued, caches unmounted cleanly.
main() {
  # After a timeout the script still runs.
  [ ! -e "$BUILD_GROUP" ] || echo 1 > "$BUILD_GROUP/cgroup.kill"
  # After an interruption, that of provisioning does.
  [ ! -s "$UNFINISHED" ] || end_group "$PROVISION_GROUP"
  if [ "$MF_KEEP_BUILD" != yes ]; then
    if is_mounted /build; then umount -R --lazy /build; else rm -rf /build; fi
  fi
  [ "$MF_UNMOUNT" = yes ] || return 0
  # A VM that is halted starts again from this disk.
  sync
  systemctl stop apt-cacher-ng 2> /dev/null || true
  for directory in /var/cache/apt-cacher-ng /var/cache/website; do
    if is_mounted "$directory"; then
      umount "$directory" || fail guest.busy-cache "$directory"
    fi
  done
  other_disks
}

# Cache disks that a script of the project's has mounted where it likes, whole or in partitions.
other_disks() {
  # All are read first: the list changes with each one that is unmounted.
  devices=' '
  while read -r device _; do
    case $device in
      /dev/vd[b-z]*) case $devices in *" $device "*) ;; *) devices="$devices$device " ;; esac ;;
    esac
  done < /proc/mounts
  for device in $devices; do
    umount --all-targets "$device" || fail guest.busy-cache "$device"
  done
}

main < /dev/null
