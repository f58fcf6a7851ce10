#!/bin/sh
# Runs a program where it sees the folders that are named and nothing else of this host: no other file, no network, no
# process. The caller has made the namespaces (unshare --user --map-root-user --mount --net --ipc --pid).
#
#   jail.sh NEW-ROOT (read FOLDER | write FOLDER)... -- PROGRAM ARGUMENT...
#
# NEW-ROOT is an empty folder. Folders keep their paths; /usr is always there, so that this script can come to its end.
set -eu

new=$1
shift

show() {
    mkdir -p "$new$2"
    mount --rbind "$2" "$new$2"
    [ "$1" = read ] || return 0
    # Flags that the host has set, such as nosuid, must be set again.
    flags=$(findmnt --noheadings --output VFS-OPTIONS --target "$new$2")
    mount --options "remount,bind,ro,${flags#rw}" "$new$2"
}

mount --types tmpfs --options mode=0755,size=1m mayfly "$new"
show read /usr
while [ "$1" != -- ]; do
    show "$1" "$2"
    shift 2
done
shift
for name in bin lib lib64 sbin; do
    ln -s "usr/$name" "$new/$name"
done
mkdir "$new/dev"
for name in null zero urandom; do
    : > "$new/dev/$name"
    mount --bind "/dev/$name" "$new/dev/$name"
done

# umount(8) finds what is mounted there.
mkdir "$new/old" "$new/proc"
mount --rbind /proc "$new/proc"
cd "$new"
pivot_root . old
cd /
umount --lazy /old
umount --lazy /proc
exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all -- "$@"
