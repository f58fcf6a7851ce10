#!/bin/sh
# libvirtd.sh FOLDER COMMAND [ARG ...]
# Runs a command where it is root of a small machine of its own: user, mount, network and process namespaces with a
# system libvirtd, its storage pool `default`, and dropbear, an SSH server, at 127.0.0.1:2222 that takes its root's own key. No
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
  if [ ! -d "/$directory" ]; then
    # The package that has it would run a libvirtd for the whole machine, and is not needed here.
    parent=${directory%/*}
    over=$folder/over/$parent
    mkdir -p "$over/upper" "$over/work"
    mount -t overlay -o "lowerdir=/$parent,upperdir=$over/upper,workdir=$over/work" overlay "/$parent"
    mkdir "/$directory"
  fi
  # What only root may read is made anew.
  cp -R "/$directory/." "$folder/$directory/" 2> /dev/null || true
  mount --bind "$folder/$directory" "/$directory"
done
# ssh reads no settings of which root of here is not the owner.
[ ! -d /etc/ssh/ssh_config.d ] || mount -t tmpfs -o mode=0755 ssh_config /etc/ssh/ssh_config.d
mount -t tmpfs -o mode=0755 run /run
mkdir -p /run/libvirt
ip link set lo up

# libvirtd does not start where this user is unknown; which one QEMU gets is said below.
for file in passwd group; do
  cp "/etc/$file" "$folder/$file"
  grep -q '^libvirt-qemu:' "/etc/$file" || echo 'libvirt-qemu:x:0:0::/:/bin/false' >> "$folder/$file"
  mount --bind "$folder/$file" "/etc/$file"
done

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
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
dropbearkey -t ed25519 -f /root/host > /dev/null 2>&1
printf '[127.0.0.1]:2222 %s\n' "$(dropbearkey -y -f /root/host | sed -n 's/^\(ssh-ed25519 [^ ]*\).*/\1/p')" \
  > /root/.ssh/known_hosts
dropbear -r /root/host -p 127.0.0.1:2222 -P /run/dropbear.pid -s

# Not exec: the namespaces end with this shell, the first process in them.
"$@"
