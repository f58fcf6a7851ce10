#!/bin/sh
# as-user.sh COMMAND [ARG ...]
# Runs a command as an ordinary user. Root gets one for the length of the command: the user exists
# only in a mount namespace of its own, in which private copies lie over /etc/passwd and its like.
# Nothing on the machine is changed. Anybody else runs the command as they are. The current folder is
# mounted a second time below the user's home, as its parents may be closed to others.
set -eu

NAME=mayfly-tester
ID=47231

if [ "$(id -u)" -ne 0 ]; then
  exec "$@"
fi

if [ "${MAYFLY_AS_USER:-}" != inside ]; then
  MAYFLY_AS_USER=inside exec unshare --mount --propagation private -- sh "$0" "$@"
fi

home=${MAYFLY_TEST_HOME:-/var/tmp/mayfly-test-home}
mkdir -p "$home"
# Kept as long as the home: nothing can be mounted over a file that is gone.
work=$(mktemp -d "$home/etc.XXXXXX")
chmod 0755 "$work"
for file in passwd group subuid subgid; do
  [ ! -e "/etc/$file" ] || cp "/etc/$file" "$work/$file"
done
printf '%s:x:%s:%s::%s:/bin/sh\n' "$NAME" "$ID" "$ID" "$home" >> "$work/passwd"
printf '%s:x:%s:\n' "$NAME" "$ID" >> "$work/group"
printf '%s:472310000:65536\n' "$NAME" >> "$work/subuid"
printf '%s:472310000:65536\n' "$NAME" >> "$work/subgid"
for file in passwd group subuid subgid; do
  [ -e "/etc/$file" ] || : > "/etc/$file"
  mount --bind "$work/$file" "/etc/$file"
done
# udev lets everybody open it, who then may do with it what they may do with their network.
if [ -c /dev/net/tun ]; then
  mknod -m 0666 "$work/tun" c 10 200
  mount --bind "$work/tun" /dev/net/tun
fi
mkdir -p "$home/checkout"
chown "$ID:$ID" "$home" "$home/checkout"
mount --bind "$PWD" "$home/checkout"
cd "$home/checkout"
unset MAYFLY_AS_USER
exec setpriv --reuid "$ID" --regid "$ID" --clear-groups -- env HOME="$home" USER="$NAME" LOGNAME="$NAME" "$@"
