# The sources of the dependencies, from Debian's source packages.
# shellcheck shell=bash

source_packages=(abseil googletest c-ares)

# Unpacks what is not yet there into $cache/sources/<package>-<version>-<overlay>.
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
  local folder
  folder=$(compgen -G "$cache/sources/$1-*-$(overlay_sum "$1")" | sort -V | tail -n 1) || true
  printf '%s' "$folder"
}

overlay() { case $1 in c-ares) echo "$root/third_party/cares.BUILD" ;; esac; }

overlay_sum() {
  local file
  file=$(overlay "$1")
  cat "${file:-/dev/null}" | cksum | cut -d' ' -f1
}

# An apt of our own: source lines made from the machine's sources, and lists and caches in $work. The machine's apt is not changed.
private_apt() {
  local etc main file
  mkdir -p "$work/apt/etc" "$work/apt/lists/partial" "$work/apt/cache/archives/partial" "$work/apt/source"
  eval "$(apt-config shell etc Dir::Etc::sourceparts/d main Dir::Etc::sourcelist/f)"
  # shellcheck disable=SC2154
  for file in "$main" "$etc"*.list "$etc"*.sources; do
    [[ -s $file ]] || continue
    source_lines "$file" >"$work/apt/etc/$(basename "$file")"
  done
  cat >"$work/apt/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$work/apt/etc";
Dir::State::lists "$work/apt/lists";
Dir::Cache "$work/apt/cache";
APT::Sandbox::User "root";
END
  # A list that can not be read matters only if a package is then not found, which is seen below.
  APT_CONFIG=$work/apt/apt.conf apt-get update -q >"$cache/sources.log" 2>&1 </dev/null || true
}

# Prints an apt source list, in either format, with each deb line turned into a deb-src line.
source_lines() {
  case $1 in
    *.sources) awk 'tolower($0) ~ /^types:/ { print "Types: deb-src"; types = 1; next }
                    types && /^[ \t]/ { next }
                    { types = 0; print }' "$1" ;;
    *) sed -nE 's/^[[:space:]]*deb(-src)?[[:space:]]+/deb-src /p' "$1" | sort -u ;;
  esac
}

unpack_source() {
  local package=$1 dsc file version folder
  APT_CONFIG=$work/apt/apt.conf apt-get source --print-uris "$package" >"$work/uris" 2>&1 </dev/null ||
    die "no sources of $package: $(sources_problem) (all of it is in $cache/sources.log)"
  (
    cd "$work/apt/source"
    APT_CONFIG=$work/apt/apt.conf logged "fetching the sources of $package" fetch.log apt-get source -q --download-only "$package"
    dsc=$(compgen -G "${package}_*.dsc")
    logged "unpacking $dsc" unpack.log dpkg-source --no-check -x "$dsc" "$package"
  ) || exit
  dsc=$(compgen -G "$work/apt/source/${package}_*.dsc")
  version=$(sed -n 's/^Version: //p' "$dsc" | head -n 1)
  file=$(overlay "$package")
  if [[ -n $file ]]; then
    cp "$file" "$work/apt/source/$package/BUILD.bazel"
    printf 'workspace(name = "%s")\n' "$(repository "$package")" >"$work/apt/source/$package/WORKSPACE"
  fi
  folder=$cache/sources/$package-${version//[:~]/_}-$(overlay_sum "$package")
  mkdir -p "$cache/sources"
  mv -T "$work/apt/source/$package" "$folder" || die "can not put the sources of $package into $cache/sources"
}

sources_problem() {
  grep -m1 -E '^(E|Err|W): ?.*(Temporary failure|Could not|Unable|Failed|Cannot)' "$cache/sources.log" ||
    grep -m1 '^E: ' "$work/uris" || echo "unknown"
}

# The name that BUILD files know a package by.
repository() {
  case $1 in
    abseil) echo com_google_absl ;;
    googletest) echo com_google_googletest ;;
    c-ares) echo com_github_cares_cares ;;
  esac
}
