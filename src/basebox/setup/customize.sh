#!/bin/sh
# Runs once inside the box's root, when all packages are configured (mmdebstrap --customize-hook):
# makes the installed system a builder VM's. $1 is the name of the build user. The project's own
# postinstall runs after this, seal.sh after that.
set -eu
umask 022
user=$1
setup=/mayfly-setup

# Files of our own. Modes are set here, never taken from the host (its umask, its checkout).
(cd "$setup/root" && find . -type f) | sort | while IFS= read -r file; do
  case $file in
    */libexec/*) mode=0755 ;;
    *) mode=0644 ;;
  esac
  install -D --mode="$mode" "$setup/root/$file" "/$file"
done

# The build user: unprivileged, but may become root, as the VM is its own.
groupadd --gid 1000 "$user"
# No password, and not locked: sshd would refuse keys too.
useradd --password '*' --create-home --uid 1000 --gid 1000 --shell /bin/bash "$user"
mkdir -p /etc/sudoers.d
printf '%s ALL=(ALL:ALL) NOPASSWD: ALL\n' "$user" > /etc/sudoers.d/mayfly
chmod 0440 /etc/sudoers.d/mayfly

# A kernel update in a VM that never reboots is time lost.
apt-mark hold "$(basename "$(readlink /vmlinuz)" | sed 's/^vmlinuz-/linux-image-/')" linux-image-amd64 > /dev/null

# A build VM boots in seconds because almost nothing runs in it. What stays: journald, tmpfiles,
# sysusers, udevd on demand (no coldplug: devtmpfs has the nodes), and sshd.
units=/etc/systemd/system
mkdir -p "$units/sysinit.target.wants"
while IFS= read -r unit; do
  ln -sf /dev/null "$units/$unit"
done < "$setup/masked-units"
# Started when a build wants it, with its cache disk mounted.
rm -f "$units/multi-user.target.wants/apt-cacher-ng.service"
mkdir -p /etc/systemd/system-generators
for generator in systemd-getty-generator systemd-ssh-generator systemd-gpt-auto-generator \
  systemd-debug-generator systemd-hibernate-resume-generator systemd-rc-local-generator \
  systemd-run-generator systemd-system-update-generator systemd-sysv-generator \
  systemd-integritysetup-generator systemd-veritysetup-generator systemd-cryptsetup-generator \
  systemd-tpm2-generator systemd-bless-boot-generator systemd-import-generator; do
  ln -sf /dev/null "/etc/systemd/system-generators/$generator"
done
ln -sf /usr/lib/systemd/system/multi-user.target "$units/default.target"
for unit in mayfly-sshd.service mayfly-dhcp.service; do
  ln -sf "$units/$unit" "$units/sysinit.target.wants/$unit"
done
