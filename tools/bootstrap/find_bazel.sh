# Which Bazel, and where do the dependencies come from?
# shellcheck shell=bash

# Sets $bazel and $version (empty when there is none yet) and $deps (upstream or debian).
find_bazel() {
  local candidate found
  bazel='' version=''
  for candidate in ${BAZEL:+"$BAZEL"} bazelisk bazel; do
    found=$(type -P "$candidate") || continue
    version=$(bazel_version "$found") || {
      say "$found does not start; going on without it"
      continue
    }
    bazel=$found
    break
  done
  [[ -z ${BAZEL:-} || $bazel == "$(type -P "$BAZEL")" ]] || die "BAZEL=$BAZEL is not a Bazel that starts"

  case ${EDDY_DEPS:-} in
    upstream | debian) deps=$EDDY_DEPS ;;
    '') choose_deps ;;
    *) die "EDDY_DEPS=$EDDY_DEPS is neither debian nor upstream" ;;
  esac
  if [[ $deps == debian ]]; then
    is_debian || die "EDDY_DEPS=debian, but this is not a Debian machine: apt-get is not there"
  elif [[ -z $bazel ]]; then
    die "no Bazel found, and this is not a Debian machine that it could be installed on: install bazelisk and run bazelw again"
  fi
}

choose_deps() {
  if ! is_debian; then
    deps=upstream
  elif [[ -z $bazel ]] || ((${version%%.*} < 5)); then
    deps=debian
  elif network; then
    deps=upstream
  else
    deps=debian
  fi
}

# Run in the clone, so that bazelisk sees .bazeliskrc. Debian's Bazel does not know its own version; its package does.
bazel_version() {
  local answer
  answer=$(cd "$root" && "$1" --version) || return 1
  if [[ $answer == 'bazel no_version' ]]; then
    answer="bazel $(dpkg-query -W -f '${Version}' bazel-bootstrap 2>/dev/null)"
  fi
  [[ $answer =~ ^bazel\ ([0-9]+\.[0-9]+\.[0-9]+) ]] || return 1
  printf '%s' "${BASH_REMATCH[1]}"
}

is_debian() { type -P apt-get >/dev/null && type -P dpkg-query >/dev/null; }

# Can the archives that WORKSPACE names be reached? A proxy is believed.
network() {
  [[ -z ${https_proxy:-}${HTTPS_PROXY:-} ]] || return 0
  timeout 5 bash -c ': </dev/tcp/github.com/443' 2>/dev/null
}
