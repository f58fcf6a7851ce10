# Runs the project's build script, as the build user, in a clone at the exact commit. Its exit
# status is ours.

BUILD=/build

as_user() {
  setpriv --reuid "$MF_USER" --regid "$MF_USER" --init-groups -- "$@"
}

clock() {
  # A VM that was kept may have slept with its host. The offset is a variation of the environment.
  date --utc --set "@$MF_NOW" > /dev/null
}

space() {
  folder "$BUILD"
  if [ -e "$BUILD/source" ]; then remove_all "$BUILD/source"; fi
  if [ -e "$BUILD/scratch" ]; then remove_all "$BUILD/scratch"; fi
  # A VM that was kept has what the last build wanted.
  if is_mounted "$BUILD"; then
    if [ "$MF_RAM" = yes ]; then mount -o "remount,size=$MF_RAM_KIB"k "$BUILD"; else umount "$BUILD"; fi
  elif [ "$MF_RAM" = yes ]; then
    mount -t tmpfs -o "size=$MF_RAM_KIB"k,mode=0755,nr_inodes=0 build "$BUILD"
  fi
  install -d -o "$MF_USER" -g "$MF_USER" "$BUILD/source" "$BUILD/scratch"
}

# The clone borrows the objects of the share: nothing is copied, and nothing is fetched.
clone() {
  export HOME="/home/$MF_USER"
  as_user git clone --quiet --shared --no-checkout "$MF_SOURCE" "$BUILD/source" &&
    cd "$BUILD/source" &&
    as_user git fetch --quiet --no-write-fetch-head --no-auto-maintenance --no-tags --no-recurse-submodules origin \
      '+refs/remotes/*:refs/remotes/*' '+refs/mayfly/*:refs/mayfly/*' &&
    check_out &&
    { [ ! -e .gitmodules ] || submodules "$MF_SOURCE/.git"; }
}

check_out() {
  if [ "$MF_REF_KIND" = branch ]; then
    as_user git checkout --quiet --force -B "$MF_REF_NAME" "$MF_COMMIT"
  else
    as_user git checkout --quiet --force --detach "$MF_COMMIT"
  fi
}

# submodules GITDIR: in the current work tree, from the object stores below GITDIR/modules.
submodules() {
  as_user git submodule --quiet init
  # Names may have blanks: a line is a whole key.
  as_user git config --name-only --get-regexp '^submodule\..*\.url$' | while IFS= read -r key; do
    name=${key#submodule.}
    name=${name%.url}
    as_user git config "$key" "$1/modules/$name"
  done
  as_user git submodule --quiet update || return 1
  as_user git config --file .gitmodules --name-only --get-regexp '^submodule\..*\.path$' | while IFS= read -r key; do
    name=${key#submodule.}
    name=${name%.path}
    path=$(as_user git config --file .gitmodules --get "$key")
    if [ -e "$path/.gitmodules" ]; then
      (cd "$path" && submodules "$1/modules/$name") || exit 1
    fi
  done
}

# One whose scripts do all this themselves: it begins where results appear, without old ones.
begin_there() {
  cd "$MF_FROM" || fail guest.no-folder "there is no folder $MF_FROM"
  printf '%s\n' "$MF_PATTERNS" | while read -r pattern; do
    find . -maxdepth 1 -type f -name "$pattern" -delete
  done
}

# A script that failed may have failed for want of room: the host says so then.
say_full() {
  for directory in "$BUILD" / /tmp /var/cache/apt-cacher-ng; do
    [ -d "$directory" ] || continue
    free=$(df --output=avail --block-size=1K "$directory" | tail -n 1)
    if [ "$free" -lt 1024 ]; then
      printf 'mayfly-full %s %s\n' "$MF_SECRET" "$directory" >&2
      return
    fi
  done
}

main() {
  script=$MF_BUILDER/$MF_SCRIPT
  if [ "$MF_SETUP" = scripts ]; then
    script=$MF_SCRIPT
    [ -x "$script" ] || fail guest.not-installed "$MF_SCRIPT"
  fi
  [ -f "$script" ] || fail guest.no-script "$MF_SCRIPT"
  [ -x "$script" ] || fail guest.not-executable "$MF_SCRIPT"
  clock
  if [ "$MF_SETUP" = scripts ]; then
    clock_is_right
    begin_there
  else
    space
    clone || fail guest.clone "cannot check out $MF_COMMIT"
    proxy_ready
  fi
  status=0
  in_group setpriv --reuid "$MF_USER" --regid "$MF_USER" --init-groups -- env -i "$@" "$script" || status=$?
  # What it left running would keep its output open, and us waiting.
  end_group "$BUILD_GROUP"
  [ "$status" -eq 0 ] || say_full
  ended "$status"
}

# Runs a command in a control group of its own.
in_group() {
  folder "$BUILD_GROUP"
  # shellcheck disable=SC2016 # expanded by the inner shell
  sh -c 'echo "$$" > "$0/cgroup.procs" && exec "$@"' "$BUILD_GROUP" "$@" < /dev/null
}

main "$@"
