#!/bin/sh
# Installs what mayfly needs on a Debian machine and is missing: packages by name (it says which,
# and asks sudo only when it is not root), and the npm dependencies of this checkout, by way of
# npm's cache. Changes nothing else. With the word "test" also what the tests need: of it, libvirt's packages bring services.
set -eu
cd "$(dirname "$0")/.."

# program:package
NEEDED='qemu-system-x86_64:qemu-system-x86 qemu-img:qemu-utils mmdebstrap:mmdebstrap
  newuidmap:uidmap git:git ssh:openssh-client ssh-keygen:openssh-client setpriv:util-linux
  flock:util-linux tar:tar xz:xz-utils gpgv:gpgv'
[ "${1:-}" != test ] || NEEDED="$NEEDED shellcheck:shellcheck gpg:gpg gpgconf:gpgconf gpg-agent:gpg-agent
  faketime:faketime taskset:util-linux hostname:hostname sftp:openssh-client
  virsh:libvirt-clients libvirtd:libvirt-daemon vagrant:vagrant dropbear:dropbear-bin ip:iproute2
  dnsmasq:dnsmasq-base iptables:iptables pgrep:procps jenkins-jobs:jenkins-job-builder"

PATH=$PATH:/usr/sbin:/sbin

as_root=
[ "$(id -u)" -eq 0 ] || as_root=sudo

# Without lists apt-get does not know the packages; a failed update may still leave usable ones.
update() {
  $as_root apt-get update -qq || echo 'apt-get update failed; trying with the lists that are there.' >&2
}

# install PACKAGE ...: says which; asks for rights only when it has none.
install() {
  [ $# -gt 0 ] || return 0
  echo "Installing Debian packages: $*"
  update
  $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

# The version of Node.js that apt would install; empty when it knows none.
candidate() {
  LC_ALL=C apt-cache policy nodejs | sed -n 's/^ *Candidate: *\([0-9].*\)/\1/p'
}

# Before anything is installed: an old Node.js of Debian would only be in the way of another.
refuse_old_node() {
  if command -v node > /dev/null 2>&1; then
    version=$(node --version)
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' || old_node
    return 0
  fi
  version=$(candidate)
  if [ -z "$version" ]; then
    echo 'Updating the lists of Debian packages.'
    update
    version=$(candidate)
  fi
  # Where apt knows none, apt-get says so.
  [ -z "$version" ] || dpkg --compare-versions "$version" ge 20.19 || old_node
}

old_node() {
  echo "Node.js 20.19 or newer is needed; this machine has, or its APT offers, $version. Nothing was installed. Take one from nodejs.org or a version manager, put it in your PATH, and try again." >&2
  exit 3
}

# there PATTERN: whether a file matches.
there() {
  # shellcheck disable=SC2086 # a pattern
  ls $1 > /dev/null 2>&1
}

# Whether this host's libvirt has a driver. Debian 12 has all but QEMU's in one package.
has_driver() {
  there "/usr/lib/*/libvirt/connection-driver/libvirt_driver_$1.so"
}

missing() {
  for pair in $NEEDED; do
    command -v "${pair%%:*}" > /dev/null 2>&1 || echo "${pair#*:}"
  done
  [ -e /usr/share/keyrings/debian-archive-keyring.gpg ] || echo debian-archive-keyring
  command -v node > /dev/null 2>&1 || echo nodejs
  command -v npm > /dev/null 2>&1 || echo npm
  [ "${1:-}" = test ] || return 0
  [ -e /usr/lib/openssh/sftp-server ] || echo openssh-sftp-server
  # A plug-in, not a program.
  there '/usr/share/rubygems-integration/all/specifications/vagrant-libvirt-*' || echo vagrant-libvirt
  has_driver qemu || echo libvirt-daemon-driver-qemu
}

# Packages of their own since Debian 13 only.
missing_drivers() {
  for driver in network nwfilter storage; do
    has_driver "$driver" || ! apt-cache show "libvirt-daemon-driver-$driver" > /dev/null 2>&1 ||
      echo "libvirt-daemon-driver-$driver"
  done
}

refuse_old_node

# shellcheck disable=SC2046 # package names are words
install $(missing "${1:-}" | sort -u)
# shellcheck disable=SC2046
[ "${1:-}" != test ] || install $(missing_drivers)

# npm ci removes everything first: only when the dependencies are not those of the lock file.
stamp=node_modules/.mayfly-installed
if [ ! -e "$stamp" ] || ! cmp -s package-lock.json "$stamp"; then
  echo 'Installing npm packages.'
  npm ci --loglevel=error --no-audit --no-fund > /dev/null
  cp package-lock.json "$stamp"
fi
npm run --silent build
