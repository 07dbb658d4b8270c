# Which Bazel, and where do the dependencies come from?
# shellcheck shell=bash

debians_bazel=/usr/bin/bazel

# Sets $bazel and $version, both empty when there is no Bazel yet, and $deps: upstream or debian.
find_bazel() {
  local candidates=(bazelisk bazel) candidate found
  [[ -z ${BAZEL:-} ]] || candidates=("$BAZEL")
  bazel='' version=''
  for candidate in "${candidates[@]}"; do
    found=$(type -P "$candidate") || continue
    if version=$(bazel_version "$found"); then
      bazel=$found
      break
    fi
    say "$found does not start"
  done
  [[ -z ${BAZEL:-} || -n $bazel ]] || die "BAZEL=$BAZEL is no Bazel that starts"

  case ${EDDY_DEPS:-} in
    upstream | debian) deps=$EDDY_DEPS ;;
    '') choose_deps ;;
    *) die "EDDY_DEPS=$EDDY_DEPS is neither debian nor upstream" ;;
  esac
  if [[ $deps == debian ]]; then
    is_debian || die "EDDY_DEPS=debian, but this is no Debian machine: it has no apt-get"
    [[ -n ${BAZEL:-} ]] || take_debians_bazel
  elif [[ -z $bazel ]]; then
    die "no Bazel found, and this is no Debian machine that it could be installed on: install bazelisk and run bazelw again"
  elif ((${version%%.*} < 5)); then
    die "$bazel is Bazel $version, too old for the dependencies that WORKSPACE names: install bazelisk and run bazelw again"
  fi
}

choose_deps() {
  deps=upstream
  if is_debian; then
    if [[ -z $bazel ]] || ((${version%%.*} < 5)) || ! network; then deps=debian; fi
  fi
}

# Another Bazel would download the rules that it comes without; Debian's has them from packages.
take_debians_bazel() {
  if [[ -n $bazel && ! $bazel -ef $debians_bazel ]]; then
    bazel='' version=''
    if [[ -x $debians_bazel ]] && version=$(bazel_version "$debians_bazel"); then bazel=$debians_bazel; fi
  fi
}

# Prints the version. Runs in the clone, so that bazelisk sees .bazeliskrc. Debian's Bazel 4 does not know its own
# version; its package does.
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
