# Prints what the proxy in the VM has handed out since prepare.sh: `used HOST/PATH`, each once. Its log
# has a line for each answer: time|O|bytes|client|HOST/PATH, and leaves the port out. The awk of Debian 12, mawk,
# knows no {4}.
main() {
  log=/var/log/apt-cacher-ng/apt-cacher.log
  [ -e "$log" ] || return 0
  awk -F '|' '$2 == "O" { sub(/^[^|]*[|]O[|][^|]*[|][^|]*[|]/, ""); if (!seen[$0]++) print "used " $0 }' "$log"
}

main < /dev/null
