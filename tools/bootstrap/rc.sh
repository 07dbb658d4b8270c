# Writes bazelw.bazelrc. Its comments are for bazelw (read_rc in common.sh), the rest is for Bazel.
# shellcheck shell=bash

# Bazel downloads what WORKSPACE or MODULE.bazel names: it needs no word from us.
write_upstream_rc() { write_rc </dev/null; }

write_debian_rc() {
  local package
  {
    for package in "${source_packages[@]}"; do
      override_repository "$(repository_name "$package")" "$(source_folder "$package")"
    done
    override_repository bazel_skylib /usr/share/bazel/tools/skylib
    override_repository platforms "$root/tools/bootstrap/bazel4/platforms"
    override_repository remote_coverage_tools "$root/tools/bootstrap/bazel4/coverage_tools"
    override_repository rules_cc "$root/tools/bootstrap/bazel4/rules_cc"
    override_repository rules_java /usr/share/bazel/rules/java
    override_repository rules_proto /usr/share/bazel/rules/proto
    cat <<END
# needs $(type -P clang-19)
# needs $(type -P ld.lld-19)
# needs $(type -P g++)
# needs /usr/lib/llvm-19/bin/llvm-symbolizer
build --repo_env=CC=clang-19
build "--disk_cache=$cache/disk"
# Debian's own bazelrc turns this on.
build --nosandbox_debug
END
  } | write_rc
}

override_repository() {
  printf '# needs %s\n' "$2"
  printf 'common "--override_repository=%s=%s"\n' "$1" "$2"
}

# Puts what it reads, under the lines that bazelw reads, in place at once.
write_rc() {
  {
    echo "# Written by bazelw, which writes it again when something here has changed: your own options belong into user.bazelrc."
    echo "# fingerprint $(fingerprint)"
    echo "# bazel $bazel"
    cat
  } >"$work/rc"
  cp "$work/rc" "$rc.new" 2>/dev/null && mv "$rc.new" "$rc" || die "can not write $rc"
}
