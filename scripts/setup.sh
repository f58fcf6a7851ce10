#!/bin/sh
# Installs what mayfly needs on a Debian machine and is missing: packages by name (it says which,
# and asks sudo only when it is not root), and the npm dependencies of this checkout. Changes
# nothing else. With the word "test" also what the tests need.
set -eu
cd "$(dirname "$0")/.."

# program:package
NEEDED='qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils mmdebstrap:mmdebstrap
  newuidmap:uidmap git:git ssh:openssh-client ssh-keygen:openssh-client setpriv:util-linux
  flock:util-linux tar:tar zstd:zstd xz:xz-utils gpgv:gpgv'
[ "${1:-}" != test ] || NEEDED="$NEEDED shellcheck:shellcheck gpg:gpg gpgconf:gpgconf gpg-agent:gpg-agent
  faketime:faketime taskset:util-linux hostname:hostname sftp:openssh-client
  virsh:libvirt-clients libvirtd:libvirt-daemon-system vagrant:vagrant sshd:openssh-server ip:iproute2
  dnsmasq:dnsmasq-base iptables:iptables pgrep:procps"

PATH=$PATH:/usr/sbin:/sbin
missing=
[ "${1:-}" != test ] || [ -e /usr/lib/openssh/sftp-server ] || missing=openssh-sftp-server
for pair in $NEEDED; do
  command -v "${pair%%:*}" > /dev/null 2>&1 || missing="$missing ${pair#*:}"
done
if [ "${1:-}" = test ]; then
  # A plug-in, not a program.
  ls /usr/share/rubygems-integration/all/specifications/vagrant-libvirt-* > /dev/null 2>&1 ||
    missing="$missing vagrant-libvirt"
fi
[ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || missing="$missing debian-archive-keyring"
command -v node > /dev/null 2>&1 || missing="$missing nodejs"
command -v npm > /dev/null 2>&1 || missing="$missing npm"

if [ -n "$missing" ]; then
  # shellcheck disable=SC2086 # package names are words
  missing=$(printf '%s\n' $missing | sort -u | tr '\n' ' ')
  echo "Installing Debian packages: $missing"
  as_root=
  [ "$(id -u)" -eq 0 ] || as_root=sudo
  # Without lists apt-get does not know the packages; a failed update may still leave usable ones.
  $as_root apt-get update -qq || echo 'apt-get update failed; trying with the lists that are there.' >&2
  # shellcheck disable=SC2086 # package names are words
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing > /dev/null
fi

node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || {
  echo "Node.js 20.19 or newer is needed; this is $(node --version)." >&2
  exit 3
}

# npm ci removes everything first: only when the dependencies are not those of the lock file.
stamp=node_modules/.mayfly-installed
if [ ! -e "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
  echo 'Installing npm packages.'
  npm ci --silent --no-audit --no-fund
  cp package-lock.json "$stamp"
fi
npm run --silent build
