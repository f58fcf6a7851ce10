# Put before each script that mayfly sends to the guest. Values arrive as variables named MF_*.
set -eu
umask 022
export LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# fail CODE MESSAGE: the host turns this line into its own error (see provision.ts). The secret,
# which no script of the project's is told, tells our lines from theirs.
fail() {
  printf 'mayfly-failure %s %s %s\n' "$MF_SECRET" "$1" "$2" >&2
  exit 70
}

# notice CODE TEXT: the host tells the person, in its own words (see provision.ts), and goes on.
notice() {
  printf 'mayfly-notice %s %s %s\n' "$MF_SECRET" "$1" "$2" >&2
}

# Tells the host that a script of the project's ended by itself: an exit code of 255 is ssh's own too.
ended() {
  printf 'mayfly-ended %s %s\n' "$MF_SECRET" "$1" >&2
  exit "$1"
}

# Tells the kernel that the clock, which is the host's, is right: a script of the project's that waits for that must
# not wait for ever. Setting the clock takes it back. adjtimex(2), number 159 on amd64, with ADJ_MAXERROR |
# ADJ_ESTERROR | ADJ_STATUS, and zero for each.
clock_is_right() {
  perl -e 'my $timex = pack("L", 0x1c) . "\0" x 252; syscall(159, $timex) >= 0 or die "adjtimex: $!\n"'
  mkdir -p /run/systemd/timesync
  : > /run/systemd/timesync/synchronized
}

# Under emulation a program takes a tenth of a second to start, and systemctl several: what the shell can see for itself,
# it is not asked for.

# folder DIRECTORY: makes it unless it is there.
folder() {
  [ -d "$1" ] || mkdir -p "$1"
}

# Whether something is mounted there. No name of ours has a character that /proc/mounts would write otherwise.
is_mounted() {
  while read -r _ place _; do
    [ "$place" != "$1" ] || return 0
  done < /proc/mounts
  return 1
}

# Unmounts all that is mounted below a directory, the last one first, and whether it is in use or not.
unmount_below() {
  below=
  while read -r _ place _; do
    case $place in "$1"/*) below="$place $below" ;; esac
  done < /proc/mounts
  for place in $below; do
    # A blank in a name is \040 there.
    umount --lazy "$(printf '%b' "$place")" || true
  done
}

# Removes a directory and what is in it, and nothing that is mounted there: a script that was ended leaves its mounts.
remove_all() {
  unmount_below "$1"
  rm -rf --one-file-system "$1"
}

# Waits for the proxy that prepare.sh has asked for; it starts while other things are done.
proxy_ready() {
  [ "$MF_PROXY_IN_VM" = yes ] || return 0
  systemctl start apt-cacher-ng || fail guest.proxy "apt-cacher-ng does not start: $(systemctl --property=Result show apt-cacher-ng)"
}

# Provisioning works in a control group, as the build does. The mark is not empty while it does.
PROVISION_GROUP=/sys/fs/cgroup/mayfly-provision
BUILD_GROUP=/sys/fs/cgroup/mayfly-build
UNFINISHED=/run/mayfly/unfinished

begin_provisioning() {
  folder "$PROVISION_GROUP"
  echo "$$" > "$PROVISION_GROUP/cgroup.procs"
  echo yes > "$UNFINISHED"
}

# What provisioning started and left running may stay: such as a daemon.
end_provisioning() {
  : > "$UNFINISHED"
}

# Ends all that runs in a control group, and waits until it is gone.
end_group() {
  [ -e "$1" ] || return 0
  echo 1 > "$1/cgroup.kill"
  tries=100
  while [ "$tries" -gt 0 ] && is_populated "$1"; do
    tries=$((tries - 1))
    sleep 0.1
  done
}

is_populated() {
  while read -r line; do
    [ "$line" != 'populated 1' ] || return 0
  done < "$1/cgroup.events"
  return 1
}

# A mayfly that was killed leaves its script running here. It would work beside us: on the same files, with APT's lock.
end_unfinished() {
  end_group "$BUILD_GROUP"
  [ -s "$UNFINISHED" ] || return 0
  end_group "$PROVISION_GROUP"
  DEBIAN_FRONTEND=noninteractive dpkg --force-confold --configure -a || true
}

# The disk with this serial; its order among the disks means nothing.
disk_by_serial() {
  for disk in /sys/block/*; do
    [ -r "$disk/serial" ] || continue
    # `read` is no fork, and fails at the end of a file without a newline.
    serial=
    read -r serial < "$disk/serial" || true
    if [ "$serial" = "$1" ]; then
      printf '/dev/%s\n' "${disk##*/}"
      return
    fi
  done
  return 1
}
