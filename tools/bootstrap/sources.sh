# The sources of the dependencies, from Debian's source packages.
# shellcheck shell=bash

source_packages=(abseil googletest c-ares)

module_name() {
  case $1 in
    abseil) echo abseil-cpp ;;
    *) echo "$1" ;;
  esac
}

# The name that BUILD files know a package by.
repository_name() {
  case $1 in
    abseil) echo com_google_absl ;;
    googletest) echo com_google_googletest ;;
    c-ares) echo com_github_cares_cares ;;
  esac
}

# The BUILD file for a package that has none.
overlay() {
  case $1 in
    c-ares) echo "$root/third_party/cares.BUILD" ;;
  esac
}

# Unpacks what is not yet there into $cache/sources/<package>-<version>-<sum of the overlay>.
unpack_sources() {
  local package absent=()
  for package in "${source_packages[@]}"; do
    [[ -n $(source_folder "$package") ]] || absent+=("$package")
  done
  ((${#absent[@]})) || return 0
  say "fetching the sources of ${absent[*]}"
  private_apt
  for package in "${absent[@]}"; do
    unpack_source "$package"
  done
}

# Prints the folder of a package's newest sources, if there is one.
source_folder() {
  compgen -G "$cache/sources/$1-*-$(overlay_sum "$1")" | sort -V | tail -n 1 || true
}

overlay_sum() {
  local file
  file=$(overlay "$1")
  cksum <"${file:-/dev/null}" | cut -d' ' -f1
}

# An apt of our own: source lines made from the machine's, lists and archives in $work. The machine's apt is not changed.
private_apt() {
  local sourceparts sourcelist file
  mkdir -p "$work/apt/etc" "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/source"
  eval "$(apt-config shell sourceparts Dir::Etc::sourceparts/d sourcelist Dir::Etc::sourcelist/f)"
  for file in "$sourcelist" "$sourceparts"*.list "$sourceparts"*.sources; do
    [[ ! -s $file ]] || source_lines "$file" >"$work/apt/etc/$(basename "$file")"
  done
  cat >"$work/apt/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/apt/etc";
Dir::State::lists "$work/apt/lists";
Dir::Cache "$work/apt/cache";
APT::Sandbox::User "root";
END
  # A list that can not be fetched matters only if a package is not found then.
  APT_CONFIG=$work/apt/apt.conf apt-get update -q >"$cache/sources.log" 2>&1 </dev/null || true
}

# Prints an apt source list, of either format, with each deb turned into deb-src.
source_lines() {
  case $1 in
    *.sources)
      awk 'tolower($0) ~ /^types:/ { print "Types: deb-src"; in_types = 1; next }
           in_types && /^[ \t]/ { next }
           { in_types = 0; print }' "$1"
      ;;
    *) sed -nE 's/^[[:space:]]*deb(-src)?[[:space:]]+/deb-src /p' "$1" | sort -u ;;
  esac
}

unpack_source() {
  local package=$1 dsc version overlay unpacked
  unpacked=$work/apt/source/$package
  (cd "$work/apt/source" && APT_CONFIG=$work/apt/apt.conf apt-get source -q --download-only "$package") \
    >>"$cache/sources.log" 2>&1 </dev/null || die "can not fetch the sources of $package: $(reason sources.log)"
  dsc=$(compgen -G "$work/apt/source/${package}_*.dsc")
  dpkg-source --no-check -x "$dsc" "$unpacked" >"$cache/unpack.log" 2>&1 </dev/null ||
    die "can not unpack the sources of $package: $(reason unpack.log)"
  version=$(sed -n 's/^Version: //p' "$dsc" | head -n 1)
  overlay=$(overlay "$package")
  if [[ -n $overlay ]]; then
    cp "$overlay" "$unpacked/BUILD.bazel"
    printf 'workspace(name = "%s")\n' "$(repository_name "$package")" >"$unpacked/WORKSPACE"
    cat >"$unpacked/MODULE.bazel" <<END
module(name = "$(module_name "$package")")

bazel_dep(name = "platforms", version = "0.0.10")
bazel_dep(name = "rules_cc", version = "0.0.11")
END
  fi
  mkdir -p "$cache/sources"
  mv -T "$unpacked" "$cache/sources/$package-${version//[:~]/_}-$(overlay_sum "$package")" ||
    die "can not put the sources of $package into $cache/sources"
}
