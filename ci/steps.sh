#!/bin/sh
# The steps of a CI job, the same for Jenkins, GitLab CI and GitHub Actions. To be run in a checkout of the project.
#
#   steps.sh build RESULTS            builds what is checked out; RESULTS gets artifacts, junit.xml and inputs/
#   steps.sh again RESULTS INPUTS     builds the same inputs once more, in another environment
#   steps.sh compare FIRST SECOND     fails when the images of two RESULTS differ, by their SHA256SUMS; SECOND gets compare.xml
#
# MAYFLY_CI_BUNDLE      yes: `build` leaves its snapshots in inputs/, for a second build on another agent; else no
# MAYFLY_CI_VARIATIONS  flags of the second build, for another environment
# MAYFLY_CI_KEEP_DAYS   how long base boxes and logs of builds are kept
set -eu

BUNDLE=${MAYFLY_CI_BUNDLE:-no}
VARIATIONS=${MAYFLY_CI_VARIATIONS:---cpus 1 --cpu-model Nehalem --machine-type pc-q35-6.2 --date-offset +31}
KEEP_DAYS=${MAYFLY_CI_KEEP_DAYS:-122}

# CI systems check out a commit; mayfly wants to know what it is called.
on_branch() {
  git symbolic-ref --quiet HEAD > /dev/null && return
  [ -z "$(git tag --points-at HEAD)" ] || return 0
  name=${GIT_BRANCH:-${CI_COMMIT_REF_NAME:-${GITHUB_HEAD_REF:-${GITHUB_REF_NAME:-}}}}
  [ -z "$name" ] || git checkout --quiet -B "${name#origin/}" HEAD
}

base_branch() {
  [ ! -e config/base_branch ] || printf 'refs/remotes/origin/%s\n' "$(head -n 1 config/base_branch)"
}

# What a second build needs to be of the same, from the record of the first: the commit, its name, the head of its base
# branch, as the variables of the CI system may have asked for others than are checked out; and the serials that the image
# was made from: the base branch that is merged may be frozen to others, and a release has its tag. `latest` of a mirror and
# a service's tagged snapshots are no serials.
note_inputs() {
  mkdir -p "$1/inputs"
  # What changed since in the checkout is not of this build.
  head_of_base=$(base_branch)
  [ -z "$head_of_base" ] || head_of_base=$(git rev-parse --verify --quiet "$head_of_base") || head_of_base=
  source_of() {
    node -p '
      const { featureCommit, ref, base } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).plan.source;
      const known = { commit: featureCommit, branch: ref.kind === "branch" ? ref.name : "", base: base?.commit ?? process.argv[3] };
      known[process.argv[2]];
    ' "$results/build.json" "$1" "$head_of_base"
  }
  for name in commit branch base; do source_of "$name" > "$1/inputs/$name"; done
  node -p '
    const { serials } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).archive;
    const used = Object.entries(serials).map(([origin, { image }]) => [origin, image]);
    JSON.stringify(Object.fromEntries(used.filter(([, serial]) => /^\d{8}(\d\d|T\d{6}Z)$/.test(serial))), null, 2);
  ' "$1/build.json" > "$1/inputs/serials.json"
}

take_inputs() {
  commit=$(cat "$1/commit")
  branch=$(cat "$1/branch")
  if [ -n "$branch" ]; then
    git checkout --quiet --force -B "$branch" "$commit"
  else
    git checkout --quiet --force --detach "$commit"
  fi
  git submodule --quiet update --init --recursive
  # What the CI system says may be of a newer state of the branch.
  unset GIT_REF GIT_COMMIT BASE_BRANCH_GIT_COMMIT
  if [ -n "$branch" ] && [ -n "${GIT_BRANCH:-}" ]; then GIT_BRANCH=origin/$branch; fi
  base=$(base_branch)
  if [ -n "$base" ] && [ -s "$1/base" ]; then git update-ref "$base" "$(cat "$1/base")"; fi
}

use_serials() {
  serials=$(cat "$1/serials.json")
  unset APT_SNAPSHOTS_SERIALS
  if [ "$serials" != '{}' ]; then export APT_SNAPSHOTS_SERIALS="$serials"; fi
}

# build_into RESULTS FLAGS...
build_into() {
  results=$1
  shift
  mayfly build --artifacts "$results" --junit "$results/junit.xml" "$@"
}

# Names the tag of this job, which ends with the job: for as long as it is there, expiry leaves all that it keeps.
begin_tag() {
  tag=ci-$(date -u +%Y%m%d)-$(git rev-parse --short=12 HEAD)-$(od -An -N6 -tx1 /dev/urandom | tr -d ' \n')
  trap end_tag EXIT
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# Where it could not be made there is none. If it cannot be removed, a later job does it, and says so.
end_tag() {
  mayfly snapshots untag "$tag" 2> /dev/null || :
}

# What is too old, or was left by a job that was killed; no job lives for two days.
tidy() {
  mayfly box clean --older-than "$KEEP_DAYS"
  mayfly clean --logs --older-than "$KEEP_DAYS"
  tags=$(mayfly snapshots list --tags --json)
  oldest=$(date -u -d '2 days ago' +%Y%m%d)
  for old in $(printf '%s\n' "$tags" | sed -n 's/^ *"tag": "\(ci-[0-9]\{8\}-[0-9a-f]*-[0-9a-f]*\)",*$/\1/p'); do
    day=${old#ci-}
    # Another job may do the same at this moment.
    [ "${day%%-*}" -ge "$oldest" ] || mayfly snapshots untag "$old" || :
  done
}

# Serials count the snapshots of one archive: a service has one for all agents, a local archive is each agent's own.
bundle_inputs() {
  # Of what a mirror has there is no tag; of services alone there is nothing to carry.
  kind=$(node -p '
    const { kind, origins = [{}] } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8")).plan.archive;
    const kinds = origins.map((origin) => (origin.address ?? { kind }).kind);
    kinds.includes("local") && !kinds.includes("mirror") ? "local" : "none"
  ' "$1/build.json")
  [ "$kind" = local ] || return 0
  begin_tag
  mayfly snapshots tag "$tag" --record "$1/build.json"
  mayfly snapshots export "$tag" "$1/inputs/snapshots.bundle"
}

# Names may tell the time; what counts is what is in the images.
images() {
  sed -n 's/^\([0-9a-f]\{64\}\)  .*\.\(iso\|img\)$/\1/p' "$1/SHA256SUMS" | sort
}

# differ RESULTS TEXT: says it, and ends
differ() {
  printf '%s\n' "$2" >&2
  note_comparison "$1" "$2"
  exit 1
}

# note_comparison RESULTS [FAILURE]: one test case, as JUnit XML
note_comparison() {
  {
    printf '<?xml version="1.0" encoding="UTF-8"?>\n'
    printf '<testsuites><testsuite name="compare" tests="1" failures="%s">\n' "$(($# - 1))"
    printf '<testcase classname="mayfly.compare" name="The images are the same">\n'
    if [ $# -gt 1 ]; then
      text=$(printf '%s' "$2" | sed 's/&/\&amp;/g; s/</\&lt;/g; s/>/\&gt;/g')
      printf '<failure message="The images are not the same.">%s</failure>\n' "$text"
    fi
    printf '</testcase>\n</testsuite></testsuites>\n'
  } > "$1/compare.xml"
}

absolute() {
  mkdir -p "$1"
  (cd "$1" && pwd)
}

usage() {
  sed -n 's/^# \{0,1\}//; 2,10p' "$0" >&2
  exit 2
}

[ $# -ge 2 ] || usage
step=$1
shift
case $step in
  build)
    case $BUNDLE in
      yes | no) ;;
      *)
        echo "steps.sh: MAYFLY_CI_BUNDLE is yes or no, not $BUNDLE" >&2
        exit 2
        ;;
    esac
    results=$(absolute "$1")
    on_branch
    tidy
    rm -rf "$results/inputs"
    build_into "$results"
    note_inputs "$results"
    [ "$BUNDLE" = no ] || bundle_inputs "$results"
    ;;
  again)
    results=$(absolute "$1")
    inputs=$(absolute "$2")
    rm -f "$results/compare.xml"
    take_inputs "$inputs"
    tidy
    set --
    if [ -e "$inputs/snapshots.bundle" ]; then
      # What the bundle holds, and not what its serials mean on this agent.
      unset APT_SNAPSHOTS_SERIALS
      begin_tag
      mayfly snapshots import "$inputs/snapshots.bundle" --as "$tag"
      set -- --snapshots "$tag"
    else
      use_serials "$inputs"
    fi
    # shellcheck disable=SC2086 # flags are words
    build_into "$results" "$@" $VARIATIONS
    ;;
  compare)
    [ $# -eq 2 ] || usage
    first=$(images "$1")
    second=$(images "$2")
    for results in "$1" "$2"; do
      [ -n "$(images "$results")" ] ||
        differ "$2" "No *.iso or *.img in $results/SHA256SUMS: nothing to compare."
    done
    if [ "$first" != "$second" ]; then
      differ "$2" "$(printf 'The images differ.\n%s:\n%s\n%s:\n%s' "$1" "$first" "$2" "$second")"
    fi
    note_comparison "$2"
    printf 'The images are the same:\n%s\n' "$first"
    ;;
  *)
    echo "steps.sh: unknown step: $step" >&2
    usage
    ;;
esac
