# shellcheck shell=bash
# Writes what the build made to the artifact disk, one file after the other, and prints a line for
# each: `artifact OFFSET BYTES NAME`. One pattern a line in MF_PATTERNS; bash, for `**`.
#
# A disk, not a share: under emulation it is four times as fast as 9p. It is emptied before, so that
# what is not written is zeros: by the host, or here with MF_EMPTY.
shopt -s nullglob globstar

# Each file begins at a multiple of this many bytes: direct output wants whole blocks.
BLOCK=1048576

declare -A taken

collect() {
  cd "$MF_FROM" 2> /dev/null || return 0
  disk=$(disk_by_serial "$MF_DISK") || fail guest.no-artifact-disk "the artifact disk is not plugged in"
  local files=() IFS=
  while read -r pattern; do
    # Unquoted on purpose: this is where patterns become names. Nothing else is expanded.
    for file in $pattern; do
      if [ ! -f "$file" ] || [ -L "$file" ]; then continue; fi
      choose "$file"
    done
  done <<< "$MF_PATTERNS"
  [ "${#files[@]}" -gt 0 ] || return 0
  [ "$MF_EMPTY" != yes ] || blkdiscard --force "$disk" || fail guest.copy "(the artifact disk cannot be emptied)"
  local sizes offset=0 largest=0 index
  mapfile -t sizes < <(stat --format '%s %b' -- "${files[@]}")
  for index in "${!sizes[@]}"; do
    if [ "${sizes[index]% *}" -gt "${sizes[largest]% *}" ]; then largest=$index; fi
  done
  # The largest comes first: the host need not copy what is at the start of the disk.
  take "${files[largest]}" "${sizes[largest]% *}" "${sizes[largest]#* }"
  unset "files[largest]"
  for index in "${!files[@]}"; do
    take "${files[index]}" "${sizes[index]% *}" "${sizes[index]#* }"
  done
}

choose() {
  local file=$1 name=${1##*/}
  # Two patterns may well name the same file.
  if [ "${taken[$name]-}" = "$file" ]; then return; fi
  [ -z "${taken[$name]-}" ] || fail guest.same-name "$name"
  [[ $file != *$'\n'* ]] || fail guest.odd-name "$file"
  taken[$name]=$file
  files+=("$file")
}

take() {
  local file=$1 bytes=$2 blocks=$3 name=${1##*/}
  if [ $((blocks * 512 + BLOCK)) -lt "$bytes" ]; then
    copy_data "$file" "$disk" "$offset" || fail guest.copy "$name"
  else
    dd if="$file" of="$disk" bs=4M seek="$offset" oflag=direct,seek_bytes conv=notrunc,sparse status=none ||
      fail guest.copy "$name"
  fi
  printf 'artifact %s %s %s\n' "$offset" "$bytes" "$name"
  offset=$(((offset + bytes + BLOCK - 1) / BLOCK * BLOCK))
}

# Only the parts of a sparse file that hold data. Perl, because nothing else that Debian calls
# essential can ask where those are: lseek(2) with SEEK_DATA (3) and SEEK_HOLE (4).
copy_data() {
  perl -e '
    use strict; use warnings;
    my ($from, $to, $offset) = @ARGV;
    open(my $in, "<:raw", $from) or die "$from: $!\n";
    open(my $out, "+<:raw", $to) or die "$to: $!\n";
    my $end = 0;
    while (defined(my $data = sysseek($in, $end, 3))) {
      $data += 0;
      $end = sysseek($in, $data, 4) + 0;
      sysseek($in, $data, 0);
      sysseek($out, $offset + $data, 0);
      for (my $left = $end - $data; $left > 0;) {
        my $read = sysread($in, my $buffer, $left < 1048576 ? $left : 1048576) or die "$from: $!\n";
        $left -= $read;
        for (my $done = 0; $done < $read;) {
          $done += syswrite($out, $buffer, $read - $done, $done) // die "$to: $!\n";
        }
      }
    }
  ' -- "$@" && sync "$2"
}

collect < /dev/null
