# Debian packages: what is missing, and its installation.
# shellcheck shell=bash

# Prints the packages that are missing, each known by something that it brings.
missing_packages() {
  [[ -n $bazel ]] || echo bazel-bootstrap
  need bazel-rules-java test -e /usr/share/bazel/rules/java/WORKSPACE
  need bazel-rules-proto test -e /usr/share/bazel/rules/proto/WORKSPACE
  need bazel-skylib test -e /usr/share/bazel/tools/skylib/WORKSPACE
  need clang-19 type -P clang-19
  need dpkg-dev type -P dpkg-source
  need g++ type -P g++
  need libclang-rt-19-dev compgen -G '/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-*.a'
  need lld-19 type -P ld.lld-19
  need llvm-19 test -x /usr/lib/llvm-19/bin/llvm-symbolizer
  need python3 type -P python3
}

need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || echo "$package"
}

# Installs what is missing and, where no Bazel was found, sets $bazel and $version to the one that it brought.
install_toolchain() {
  local packages
  mapfile -t packages < <(missing_packages)
  install_packages "${packages[@]}"
  if [[ -z $bazel ]]; then
    bazel=$debians_bazel
    version=$(bazel_version "$bazel") || die "the package bazel-bootstrap is installed, but its $bazel does not start"
  fi
}

install_packages() {
  (($#)) || return 0
  become_root "$@"
  can_install "$@" || refresh_lists
  can_install "$@" || die "can not install $*: $(why_not "$@")"
  say "installing $*"
  if ! apt_install "$@"; then
    repair && apt_install "$@" || die "can not install $*: $(reason install.log)"
  fi
}

# Sets the command prefix $sudo to nothing, if this is root, or to a sudo that asks no password.
become_root() {
  sudo=()
  if ((EUID != 0)); then
    sudo=(sudo -n)
    "${sudo[@]}" true 2>/dev/null ||
      die "packages are missing and you are not root; run: sudo apt-get install -y --no-install-recommends $*"
  fi
}

can_install() { apt-get install -s --no-install-recommends "$@" >"$cache/simulated.log" 2>&1; }

apt_install() {
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
    -o DPkg::Lock::Timeout=600 "$@" >"$cache/install.log" 2>&1 </dev/null
}

# After a failed installation: fails when there is nothing that could be mended.
repair() {
  if grep -q 'dpkg was interrupted' "$cache/install.log"; then
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive dpkg --configure -a >"$cache/repair.log" 2>&1 </dev/null
  elif grep -q ' 404 ' "$cache/install.log"; then
    refresh_lists # they name files that the mirror has no more
  else
    return 1
  fi
}

# apt-get update does not wait for another one, as apt-get install does.
refresh_lists() {
  local tries
  say "refreshing the package lists"
  for tries in {1..60}; do
    "${sudo[@]}" apt-get update -q >"$cache/update.log" 2>&1 </dev/null || true
    grep -q 'Could not get lock' "$cache/update.log" || return 0
    sleep "$((tries < 5 ? 1 : 5))"
  done
}

why_not() {
  local package absent=()
  if grep -qE 'Failed to fetch|Could not get lock' "$cache/update.log"; then
    reason update.log
    return
  fi
  for package in "$@"; do
    can_install "$package" || absent+=("$package")
  done
  echo "the package sources of this machine do not have ${absent[*]}"
}

# Prints the line of a log in the cache folder that tells why the command failed: the first that names a cause.
reason() {
  local log=$cache/$1 line
  line=$(grep -m1 'No space left on device' "$log" ||
    grep -m1 -E '(Temporary failure|Could not (resolve|connect)|Unable to connect|Connection (failed|timed out))' "$log" ||
    grep -m1 -E '^E: |failed, reason' "$log" || tail -n 1 "$log") || true
  line=${line#"${line%%[![:space:]]*}"}
  printf '%s (all of it is in %s)' "${line:-no output}" "$log"
}
