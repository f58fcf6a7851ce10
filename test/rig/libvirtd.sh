#!/bin/sh
# libvirtd.sh FOLDER COMMAND [ARG ...]
# Runs a command where it is root of a small machine of its own: user, mount, network and process namespaces with a
# system libvirtd, its storage pool `default`, and an sshd at 127.0.0.1:2222 that takes its root's own key. No
# rights are needed, nothing of the real machine is changed, and all of it ends with the command. FOLDER, which must
# be empty or not there, receives what libvirt stores; it is the caller's to remove.
set -eu

if [ "${MAYFLY_LIBVIRTD:-}" != inside ]; then
  MAYFLY_LIBVIRTD=inside exec unshare --user --map-auto --map-root-user --mount --net --pid --mount-proc --fork \
    --kill-child -- sh "$0" "$@"
fi
unset MAYFLY_LIBVIRTD
folder=$1
shift

mkdir -p "$folder"
for directory in etc/libvirt var/lib/libvirt var/log/libvirt var/cache/libvirt; do
  mkdir -p "$folder/$directory"
  # What only root may read is made anew.
  cp -R "/$directory/." "$folder/$directory/" 2> /dev/null || true
  mount --bind "$folder/$directory" "/$directory"
done
mount -t tmpfs -o mode=0755 run /run
mkdir -p /run/libvirt /run/sshd
ip link set lo up

# QEMU runs as the root of here: the caller, seen from outside.
cat > /etc/libvirt/qemu.conf << 'CONF'
user = "root"
group = "root"
stdio_handler = "file"
namespaces = []
security_driver = "none"
remember_owner = 0
CONF
# Networks that the package defines would be started with it.
rm -rf /etc/libvirt/qemu/networks/autostart
libvirtd -d
virsh --quiet pool-define-as default dir --target /var/lib/libvirt/images > /dev/null
virsh --quiet pool-build default > /dev/null
virsh --quiet pool-start default > /dev/null

mkdir -m 0700 "$folder/ssh"
mount --bind "$folder/ssh" /root
mkdir -m 0700 /root/.ssh
# sshd takes an account whose password it cannot look up for a locked one.
printf 'root:*:1::::::\n' > /root/shadow
mount --bind /root/shadow /etc/shadow
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
ssh-keygen -q -t ed25519 -N '' -f /root/host
printf '[127.0.0.1]:2222 %s\n' "$(cut -d' ' -f1,2 /root/host.pub)" > /root/.ssh/known_hosts
/usr/sbin/sshd -f /dev/null -h /root/host -p 2222 -o ListenAddress=127.0.0.1 -o PidFile=none \
  -o AuthorizedKeysFile=/root/.ssh/id_ed25519.pub -o StrictModes=no -o UsePAM=no -o PasswordAuthentication=no \
  -o PermitRootLogin=prohibit-password -o "SetEnv=PATH=$PATH"

# Not exec: the namespaces end with this shell, the first process in them.
"$@"
