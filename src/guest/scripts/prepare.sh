# The tool's own part of provisioning: branch guard, shares, cache disks, proxy, APT.
# Runs as root at every boot and before every build; running it twice changes nothing.

GUARD=/var/lib/vagrant_box_build_from

guard() {
  if [ ! -e "$GUARD" ]; then
    printf '%s\n' "$MF_REF" > "$GUARD"
    # It must be there after a power cut too: the disk has no journal.
    sync "$GUARD"
    return
  fi
  started_for=
  read -r started_for < "$GUARD" || true
  [ "$started_for" = "$MF_REF" ] || fail guest.wrong-branch "$started_for"
}

# share TAG NAME DIRECTORY OPTIONS: without a tag it was copied here before.
share() {
  tag=$1
  name=$2
  directory=$3
  options=$4
  folder "$directory"
  # Mounted anew in a VM that was kept: what the guest has cached of it may be old. And in one place at a time: Vagrant
  # has mounted it elsewhere.
  while read -r device place type _; do
    if [ "$place" = "$directory" ] || [ "$type $device" = "9p $tag" ]; then umount --lazy "$place"; fi
  done < /proc/mounts
  if [ -z "$tag" ]; then
    mount --bind -o ro "/var/lib/mayfly-shares/$name" "$directory" || fail guest.share "cannot mount $directory"
    return
  fi
  mount -t 9p -o "trans=virtio,version=9p2000.L,msize=524288,$options" "$tag" "$directory" ||
    fail guest.share "cannot mount $directory"
}

# cache SERIAL DIRECTORY OWNER
cache() {
  disk=$(disk_by_serial "$1") || fail guest.no-cache-disk "$1"
  folder "$2"
  if is_mounted "$2"; then return; fi
  # ext4 has its magic number 0xef53 at byte 1080, and after it its state, of which 1 is clean. A new disk is all zeros.
  begin=$(od -An -tx1 -j 1080 -N 4 "$disk") || fail guest.cache-disk "cannot read the cache disk $1"
  case $begin in
    ' 53 ef 01 00') ;;
    ' 53 ef '*)
      e2fsck -p "$disk" > /dev/null || [ $? -le 1 ] || fail guest.cache-disk "the cache disk $1 is damaged"
      ;;
    *)
      mke2fs -q -F -t ext4 -O ^has_journal -m 0 -E lazy_itable_init=1,nodiscard "$disk" ||
        fail guest.cache-disk "cannot format the cache disk $1"
      ;;
  esac
  mount -o noatime "$disk" "$2" || fail guest.cache-disk "cannot mount the cache disk $1"
  grow "$disk"
  [ -z "$3" ] || chown "$3" "$2"
}

# A cache disk is larger than its file system once the project's settings ask for more. The ext4 superblock, at byte 1024,
# has the number of blocks at byte 4, and at byte 24 their size: 1024 shifted by that number.
grow() {
  read -r sectors < "/sys/block/${1##*/}/size"
  # shellcheck disable=SC2046 # numbers
  set -- "$1" $(od -An -v -w24 -tu4 -j 1028 -N 24 "$1")
  # What is less than a group of small blocks more is no new size.
  [ $((sectors / 2)) -gt $((($2 << $7) + 8192)) ] || return 0
  resize2fs "$1" > /dev/null || fail guest.cache-disk "cannot make the file system of the cache disk $1 as large as the disk"
}

# Where apt-cacher-ng has a disk that is nearly full: it keeps the packages of every state that the project ever had, and when
# it cannot store any more it hands none out. They are fetched again.
empty_when_full() {
  stat --file-system --format '%a %b' "$1" | while read -r free all; do
    [ $((free * 10)) -lt "$all" ] || continue
    find "$1" -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf -- '{}' +
    notice guest.cache-full "$1"
  done
}

proxy() {
  settings=/etc/apt/apt.conf.d/90mayfly-proxy
  if [ -z "$MF_APT_PROXY" ]; then
    [ ! -e "$settings" ] || rm "$settings"
  else
    printf 'Acquire::http::Proxy "%s";\n' "$MF_APT_PROXY" > "$settings"
    # The archive is at the guest's own loopback, where no proxy beyond the VM can reach it.
    [ "$MF_ARCHIVE_DIRECT" != yes ] || printf 'Acquire::http::Proxy::127.0.0.1 "DIRECT";\n' >> "$settings"
  fi
  [ "$MF_PROXY_IN_VM" = yes ] || return 0
  # The whole configuration: Debian's own sends requests for one mirror to another.
  [ ! -e /etc/apt-cacher-ng/zz_debconf.conf ] || rm /etc/apt-cacher-ng/zz_debconf.conf
  offline=0
  [ "$MF_PROXY_OFFLINE" != yes ] || offline=1
  printf '%s\n' \
    'CacheDir: /var/cache/apt-cacher-ng' \
    'LogDir: /var/log/apt-cacher-ng' \
    'SupportDir: /usr/lib/apt-cacher-ng' \
    'BindAddress: 127.0.0.1' \
    'Port: 3142' \
    'AllowUserPorts: 0' \
    'PassThroughPattern: .*:443$' \
    'ReportPage:' \
    'ExThreshold: 30' \
    "Offlinemode: $offline" > /etc/apt-cacher-ng/acng.conf
  [ -z "$MF_UPSTREAM_PROXY" ] || printf 'Proxy: %s\n' "$MF_UPSTREAM_PROXY" >> /etc/apt-cacher-ng/acng.conf
  [ -d /var/log/apt-cacher-ng ] || install -d -o apt-cacher-ng -g apt-cacher-ng /var/log/apt-cacher-ng
  # What fetched.sh prints is of this build only.
  [ ! -e /var/log/apt-cacher-ng/apt-cacher.log ] || rm /var/log/apt-cacher-ng/apt-cacher.log
  # Waited for by proxy_ready, when there is nothing else left to do.
  systemctl --no-block restart apt-cacher-ng
}

apt_sources() {
  if [ "$MF_SETUP" = scripts ]; then
    # Where debootstrap puts them; once at each boot, as the project's script goes on from there.
    [ -e /run/mayfly/sources ] || printf '%s' "$MF_APT_SOURCES" > /etc/apt/sources.list
    : > /run/mayfly/sources
    return
  fi
  printf '%s' "$MF_APT_SOURCES" > /etc/apt/sources.list.d/mayfly.list
  printf '%s' "$MF_IMAGE_SOURCES" > /run/mayfly/image.list
}

# held_back: of what `upgrade` said, the packages whose fix would remove another one. APT leaves them as they are.
held_back() {
  sed -n '/ kept back:$/,/^[^ ]/s/^  *//p' | tr -s ' ' '\n' | grep -v '^linux-image-' | tr '\n' ' '
}

# Fixes of security that the base box does not have. The kernel is held there: it runs already.
fixes() {
  [ -n "$MF_FIXES" ] || return 0
  # What a mirror has is `latest` today, and something else tomorrow.
  if [ "$MF_FIXES" != latest ] && [ "$(cat /var/lib/mayfly-fixes 2> /dev/null)" = "$MF_FIXES" ]; then return 0; fi
  [ -n "$MF_FIXES_SOURCES" ] || fail guest.fixes "the fixes of debian-security $MF_FIXES have no source"
  proxy_ready
  said=/run/mayfly/upgrade
  printf '%s' "$MF_FIXES_SOURCES" > /run/mayfly/fixes.list
  set -- -y -o Dir::Etc::SourceList=/run/mayfly/fixes.list -o Dir::Etc::SourceParts=/dev/null \
    -o Acquire::Languages=none -o Dpkg::Options::=--force-confold -o Dpkg::Options::=--force-unsafe-io
  export DEBIAN_FRONTEND=noninteractive
  rm -f "$said.done"
  # Without that mode APT calls it a success when it could fetch no index at all.
  # A fix may need a package that was not there: plain upgrade would hold it back and say nothing.
  if apt-get "$@" -qq -o APT::Update::Error-Mode=any update; then
    { apt-get "$@" -q=1 --with-new-pkgs upgrade && : > "$said.done"; } | tee "$said" || true
  fi
  if [ ! -e "$said.done" ]; then
    fail guest.fixes "the fixes of debian-security $MF_FIXES cannot be installed"
  fi
  held=$(held_back < "$said")
  [ -z "$held" ] || notice guest.fixes-held "$held"
  printf '%s\n' "$MF_FIXES" > /var/lib/mayfly-fixes
}

main() {
  guard
  end_unfinished
  begin_provisioning
  share "$MF_SOURCE_TAG" source "$MF_SOURCE" ro,cache=loose
  share "$MF_BUILDER_TAG" builder "$MF_BUILDER" ro,cache=none
  packages=/var/cache/apt-cacher-ng
  if [ -n "$MF_CACHE_PACKAGES" ] && ! is_mounted "$packages"; then
    cache "$MF_CACHE_PACKAGES" "$packages" apt-cacher-ng:apt-cacher-ng
    empty_when_full "$packages"
  fi
  [ -z "$MF_CACHE_WEBSITE" ] || cache "$MF_CACHE_WEBSITE" /var/cache/website "$MF_USER:$MF_USER"
  [ "$MF_SETUP" = scripts ] || proxy
  apt_sources
  [ "$MF_SETUP" = mayfly ] || clock_is_right
  fixes
  end_provisioning
}

main < /dev/null
