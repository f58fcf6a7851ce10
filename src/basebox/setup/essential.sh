#!/bin/sh
# Runs once, after the essential packages and before all others (mmdebstrap --essential-hook).
# Runs inside the box's root. Everything here keeps later packages from doing slow or
# unrepeatable work while they are configured.
set -eu

# The box boots a small initrd of its own (make-initrd), so nothing else needs one.
mkdir -p /etc/initramfs-tools
printf '%s\n' '# mayfly makes its own initrd.' 'update_initramfs=no' 'backup_initramfs=no' \
  > /etc/initramfs-tools/update-initramfs.conf

# apt-cacher-ng's postinst asks a web site for mirrors unless this file already exists: a
# network access that changes the box and, where the site is out of reach, takes 15 seconds.
mkdir -p /var/lib/apt-cacher-ng
printf '# left empty by mayfly\n' > /var/lib/apt-cacher-ng/backends_ubuntu.default

# What a build VM never reads, or never has the hardware for. From here on only: mmdebstrap
# unpacks the essential packages much more slowly when it has to filter them.
mkdir -p /etc/dpkg/dpkg.cfg.d
cat > /etc/dpkg/dpkg.cfg.d/mayfly <<'CFG'
force-unsafe-io
force-confold
path-exclude=/usr/share/doc/*
path-include=/usr/share/doc/*/copyright
path-exclude=/usr/share/man/*
path-exclude=/usr/share/info/*
path-exclude=/usr/share/locale/*
path-exclude=/usr/lib/modules/*/kernel/drivers/gpu/*
path-exclude=/usr/lib/modules/*/kernel/drivers/media/*
path-exclude=/usr/lib/modules/*/kernel/drivers/infiniband/*
path-exclude=/usr/lib/modules/*/kernel/drivers/iio/*
path-exclude=/usr/lib/modules/*/kernel/drivers/net/wireless/*
path-exclude=/usr/lib/modules/*/kernel/drivers/net/ethernet/*
path-exclude=/usr/lib/modules/*/kernel/drivers/staging/*
path-exclude=/usr/lib/modules/*/kernel/net/wireless/*
path-exclude=/usr/lib/modules/*/kernel/sound/*
path-exclude=/lib/modules/*/kernel/drivers/gpu/*
path-exclude=/lib/modules/*/kernel/drivers/media/*
path-exclude=/lib/modules/*/kernel/drivers/infiniband/*
path-exclude=/lib/modules/*/kernel/drivers/iio/*
path-exclude=/lib/modules/*/kernel/drivers/net/wireless/*
path-exclude=/lib/modules/*/kernel/drivers/net/ethernet/*
path-exclude=/lib/modules/*/kernel/drivers/staging/*
path-exclude=/lib/modules/*/kernel/sound/*
CFG
