# Writes bazelw.bazelrc and those of the tool sets. Their comments are for bazelw (is_current in common.sh), the rest is
# for Bazel.
# shellcheck shell=bash

# Bazel downloads what WORKSPACE or MODULE.bazel names: it needs no word from us.
write_upstream_rc() { names_bazel | write_rc "$rc"; }

write_debian_rc() {
  local symbolizer=/usr/lib/llvm-19/bin/llvm-symbolizer
  {
    names_bazel
    if ((${version%%.*} >= 7)); then override_modules; else override_repositories; fi
    needs "$(type -P clang-19)" "$(type -P ld.lld-19)" "$(type -P g++)" "$symbolizer"
    cat <<END
build --repo_env=CC=clang-19
test:asan --test_env=ASAN_SYMBOLIZER_PATH=$symbolizer
test:tsan --test_env=TSAN_SYMBOLIZER_PATH=$symbolizer
build "--disk_cache=$cache/disk"
# Debian's own bazelrc turns this on.
build --nosandbox_debug
END
  } | write_rc "$rc"
}

names_bazel() { echo "# bazel $bazel"; }

# For WORKSPACE.
override_repositories() {
  local package
  for package in "${source_packages[@]}"; do
    override repository "$(repository_name "$package")" "$(source_folder "$package")"
  done
  override repository bazel_skylib /usr/share/bazel/tools/skylib
  override repository platforms "$root/tools/bootstrap/bazel4/platforms"
  override repository remote_coverage_tools "$root/tools/bootstrap/bazel4/coverage_tools"
  override repository rules_cc "$root/tools/bootstrap/bazel4/rules_cc"
  override repository rules_java /usr/share/bazel/rules/java
  override repository rules_proto /usr/share/bazel/rules/proto
}

# For MODULE.bazel. Debian's own bazelrc overrides the modules that it has packages of.
override_modules() {
  local package name
  for package in "${source_packages[@]}"; do
    override module "$(module_name "$package")" "$(source_folder "$package")"
  done
  override module rules_cc "$(rules_cc_module)"
  # Bazel and GoogleTest name these, but nothing of them is used here.
  for name in apple_support buildozer protobuf re2 zlib; do
    mkdir -p "$cache/modules/$name"
    printf 'module(name = "%s")\n' "$name" >"$cache/modules/$name/MODULE.bazel"
    : >"$cache/modules/$name/BUILD"
    override module "$name" "$cache/modules/$name"
  done
}

# Prints a folder with Debian's rules_cc, which lacks a compiler that newer Abseils select on.
rules_cc_module() {
  local debian=/usr/share/bazel/rules/cc copy
  copy=$cache/modules/rules_cc-$(dpkg-query -W -f '${Version}' bazel-rules-cc)
  if [[ ! -e $copy ]]; then
    cp -r "$debian" "$work/rules_cc"
    grep -q '"emscripten"' "$work/rules_cc/cc/compiler/BUILD" || cat >>"$work/rules_cc/cc/compiler/BUILD" <<'END'

config_setting(
    name = "emscripten",
    flag_values = {"@bazel_tools//tools/cpp:compiler": "emscripten"},
)
END
    mkdir -p "$cache/modules"
    mv -T "$work/rules_cc" "$copy"
  fi
  echo "$copy"
}

override() {
  needs "$3"
  printf 'common "--override_%s=%s=%s"\n' "$@"
}

needs() { printf '# needs %s\n' "$@"; }

# Puts what it reads, under the lines that bazelw reads, in place at once.
write_rc() {
  {
    echo "# Written by bazelw, which writes it again when something here has changed: your own options belong into user.bazelrc."
    echo "# fingerprint $(fingerprint)"
    cat
  } >"$work/rc"
  cp "$work/rc" "$1.new" 2>/dev/null && mv "$1.new" "$1" || die "can not write $1"
}
