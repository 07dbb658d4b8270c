# Debian packages: what is missing, and its installation.
# shellcheck shell=bash

# Runs a command with its output in a file. When it fails, says the line that tells why.
logged() {
  local what=$1 log=$cache/$2 reason
  shift 2
  if "$@" >"$log" 2>&1 </dev/null; then return 0; fi
  reason=$(grep -m1 'No space left on device' "$log" || grep '^E: ' "$log" | head -n 1 || tail -n 1 "$log") || true
  die "$what failed: ${reason:-no output} (all of it is in $log)"
}

# Prints the packages that are missing, each known by something that it brings.
missing_packages() {
  need bazel-platforms test -e /usr/share/bazel/tools/platforms/BUILD
  need bazel-rules-java test -e /usr/share/bazel/rules/java/WORKSPACE
  need bazel-rules-proto test -e /usr/share/bazel/rules/proto/WORKSPACE
  need bazel-skylib test -e /usr/share/bazel/tools/skylib/WORKSPACE
  [[ -n $bazel ]] || echo bazel-bootstrap
  need clang-19 type -P clang-19
  need libclang-rt-19-dev compgen -G '/usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-*.a'
  need lld-19 type -P ld.lld-19
  need llvm-19 test -x /usr/lib/llvm-19/bin/llvm-symbolizer
  need g++ type -P g++
  need dpkg-dev type -P dpkg-source
  need python3 type -P python3
}

need() {
  local package=$1
  shift
  "$@" >/dev/null 2>&1 || echo "$package"
}

install_packages() {
  local packages sudo='' install
  mapfile -t packages < <(missing_packages)
  if ((${#packages[@]})); then
    install=(apt-get install -y --no-install-recommends)
    if ((EUID != 0)); then
      sudo="sudo -n"
      sudo -n true 2>/dev/null ||
        die "packages are missing and you are not root; run: sudo ${install[*]} ${packages[*]}"
    fi
    can_install "${packages[@]}" || refresh_lists
    can_install "${packages[@]}" || die "not in the package lists of this machine: $(not_listed "${packages[@]}")"
    say "installing ${packages[*]}"
    # shellcheck disable=SC2086
    logged "installing ${packages[*]}" install.log \
      $sudo env DEBIAN_FRONTEND=noninteractive "${install[@]}" -q -o DPkg::Lock::Timeout=600 "${packages[@]}"
  fi
  if [[ -z $bazel ]]; then
    bazel=$(type -P bazel) && version=$(bazel_version "$bazel") || die "bazel-bootstrap is installed, but its bazel does not start"
  fi
}

can_install() { apt-get install -s --no-install-recommends "$@" >"$work/simulated" 2>&1; }

refresh_lists() {
  say "refreshing the package lists"
  # shellcheck disable=SC2086
  logged "refreshing the package lists" update.log $sudo apt-get update -q
}

not_listed() {
  local package
  for package in "$@"; do
    can_install "$package" || printf '%s ' "$package"
  done
}
