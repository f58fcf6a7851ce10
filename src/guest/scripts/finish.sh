# After the build. Before the VM goes: caches unmounted cleanly. Before it goes on: the build directory away, unless it is to
# be rescued.
main() {
  # After a timeout the script still runs.
  end_group "$BUILD_GROUP"
  # After an interruption, that of provisioning does.
  [ ! -s "$UNFINISHED" ] || end_group "$PROVISION_GROUP"
  if [ "$MF_UNMOUNT" != yes ]; then
    [ "$MF_KEEP_BUILD" = yes ] || no_build
    return 0
  fi
  # It may have a cache's directory in its own tree.
  unmount_below /build
  # A VM that is halted starts again from this disk, with what is to be rescued.
  sync
  systemctl stop apt-cacher-ng 2> /dev/null || true
  for directory in /var/cache/apt-cacher-ng /var/cache/website; do
    if is_mounted "$directory"; then
      umount "$directory" || fail guest.busy-cache "$directory"
    fi
  done
  other_disks
}

no_build() {
  unmount_below /build
  if is_mounted /build; then umount --lazy /build; else remove_all /build; fi
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
