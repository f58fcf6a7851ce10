#!/bin/sh
# Makes the base box, with vmdb2. In our tests nobody runs it: it is read.
set -eu

# The settings that all share.
build_setting() {
  sed -n "s/^$1 = '\\(.*\\)'\$/\\1/p" "$(dirname "$0")/../../lib/tails_build_settings.rb"
}
DISTRIBUTION="$(build_setting DISTRIBUTION)"

SNAPSHOTS=http://time-based.snapshots.example
SERIALS=$(dirname "$0")/config/APT_snapshots.d
SERIAL=$(cat "$SERIALS/debian/serial")
SECURITY_SERIAL=$(cat "$SERIALS/debian-security/serial")

SPEC=$(mktemp)
cat > "$SPEC" <<SPECIFICATION
steps:
  - mkimg: "{{ output }}"
    size: 20G
  - mklabel: msdos
    device: "{{ output }}"
  - debootstrap: ${DISTRIBUTION}
    mirror: ${SNAPSHOTS}/debian/${SERIAL}
    target: root
    components:
      - main
  - apt: install
    packages:
      - cpio
      - grub-common
      - grub-pc-bin
      - xorriso
      - zstd
    tag: root
  - create-file: /etc/apt/sources.list.d/more.list
    contents: |
      deb ${SNAPSHOTS}/debian/${SERIAL} ${DISTRIBUTION}-updates main
      deb ${SNAPSHOTS}/debian-security/${SECURITY_SERIAL} ${DISTRIBUTION}-security main
  - chroot: root
    shell: |
      # Needed by the build script.
      apt-get -o Acquire::Retries=3 install --yes --no-install-recommends \
        jq
SPECIFICATION
vmdb2 --output "$1" "$SPEC"
