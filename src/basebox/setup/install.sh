#!/bin/sh
# install.sh PACKAGE ...: runs once inside the box's root, after the essential packages: installs all others, which the
# host's APT has downloaded (mmdebstrap --customize-hook). By the box's own APT, where mmdebstrap would take the host's:
# releases of APT differ in the order in which they configure packages, and with it in the ids that new users get.
set -eu
unset TMPDIR
export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
exec apt-get -q --yes -o Dpkg::Use-Pty=false dist-upgrade "$@"
