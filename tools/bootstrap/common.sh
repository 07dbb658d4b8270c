# What bazelw, tools/bootstrap/setup and tools/ci/install share. Each has set $root to the top of the clone.
# shellcheck shell=bash

say() { printf '%s: %s\n' "${program:-bazelw}" "$*" >&2; }

die() {
  say "error: $*"
  exit 1
}

# Sets $cache, the folder that outlives clones, and $rc. Gives Bazel a HOME where there is none.
find_folders() {
  if [[ -z ${HOME:-} ]]; then
    HOME=$(getent passwd "$(id -u)" | cut -d: -f6) || true
    [[ -n $HOME ]] || die "HOME is not set: set it to a folder that you can write to"
    export HOME
  fi
  cache=${EDDY_CACHE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/eddy}
  [[ $cache == /* ]] || cache=$root/$cache
  rc=$root/bazelw.bazelrc
}

# A number that changes when the set-up has to be made again.
fingerprint() {
  {
    printf '%s\n' "$root" "$cache" "${BAZEL:-}" "${EDDY_DEPS:-}"
    type -P bazelisk bazel || true
    cat "$root"/tools/bootstrap/{setup,*.sh} "$root"/third_party/*.BUILD
  } | cksum
}

# Sets $bazel to what the last set-up found. Fails when there was none, or when something that it found is gone.
read_rc() {
  bazel=
  is_current "$rc" && [[ -x $bazel ]]
}

# Is what this file was made from still so? Sets $bazel where it names one.
is_current() {
  local line known=
  [[ -r $1 ]] || return 1
  while IFS= read -r line; do
    case $line in
      '# fingerprint '*) known=${line#'# fingerprint '} ;;
      '# bazel '*) bazel=${line#'# bazel '} ;;
      '# needs '*) [[ -e ${line#'# needs '} ]] || return 1 ;;
    esac
  done <"$1"
  [[ $known == "$(fingerprint)" ]]
}

# Runs a command while no other bazelw of this cache folder does. The command does not inherit the lock: a server that
# it starts would keep it.
with_lock() {
  mkdir -p "$cache" 2>/dev/null && [[ -w $cache ]] ||
    die "can not write to the cache folder $cache: set EDDY_CACHE_DIR, or HOME, to a folder that you can write to"
  if ! type -P flock >/dev/null; then
    "$@"
    return
  fi
  (
    exec 9>"$cache/lock"
    if ! flock -n 9; then
      say "another bazelw is setting up; waiting for it"
      flock 9
    fi
    "$@" 9>&-
  )
}
