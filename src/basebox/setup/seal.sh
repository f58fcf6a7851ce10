#!/bin/sh
# Runs last inside the box's root: makes the initrd, lists the packages, and removes what came
# from the host or differs from run to run.
set -eu
umask 022

/usr/libexec/mayfly/make-initrd
dpkg-query --show --showformat='${binary:Package}\t${Version}\t${source:Package}\t${source:Version}\n' \
  > /mayfly-setup/packages

# mmdebstrap copies these from the host, their modes included.
rm -f /etc/hostname /etc/resolv.conf
printf 'builder\n' > /etc/hostname
printf '127.0.0.1\tlocalhost builder\n::1\tlocalhost\n' > /etc/hosts
ln -s /run/mayfly/resolv.conf /etc/resolv.conf
chmod 0644 /etc/hostname /etc/hosts

# Sources are written at every boot. Keys and ids are made at first boot, one set for each VM.
rm -f /etc/apt/sources.list /etc/apt/sources.list.d/*
rm -f /etc/ssh/ssh_host_* /var/cache/ldconfig/aux-cache /var/cache/apt/*.bin
rm -f /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- /etc/subuid- /etc/subgid- \
  /var/lib/dpkg/*-old /var/cache/debconf/*-old
# The last is of the host's debconf, in some releases.
rm -rf /var/log/* /var/lib/apt/lists/* /var/tmp/* /var/cache/debconf/tmp.ci
: > /etc/machine-id
