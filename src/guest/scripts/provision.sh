# Runs the project's own provisioning script, as root. Its exit status is ours.
main() {
  script=$MF_BUILDER/$MF_SCRIPT
  [ -f "$script" ] || fail guest.no-script "$MF_SCRIPT"
  [ -x "$script" ] || fail guest.not-executable "$MF_SCRIPT"
  proxy_ready
  begin_provisioning
  cd /
  status=0
  env -i "$@" "$script" < /dev/null || status=$?
  end_provisioning
  ended "$status"
}

main "$@"
