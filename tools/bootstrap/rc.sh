# Writes bazelw.bazelrc. Its comments are for bazelw (read_rc in common.sh), the rest is for Bazel.
# shellcheck shell=bash

write_upstream_rc() {
  write_rc </dev/null
}

write_debian_rc() {
  local package
  {
    for package in "${source_packages[@]}"; do
      override "$(repository "$package")" "$(source_folder "$package")"
    done
    override rules_cc "$root/tools/bootstrap/bazel4/rules_cc"
    override remote_coverage_tools "$root/tools/bootstrap/bazel4/coverage_tools"
    override bazel_skylib /usr/share/bazel/tools/skylib
    override rules_java /usr/share/bazel/rules/java
    override rules_proto /usr/share/bazel/rules/proto
    override platforms /usr/share/bazel/tools/platforms
    cat <<END
# needs $(type -P clang-19)
build --repo_env=CC=clang-19
build --disk_cache=$cache/disk
build --nosandbox_debug
END
  } | write_rc
}

override() {
  printf '# needs %s\n' "$2"
  printf 'common --override_repository=%s=%s\n' "$1" "$2"
}

# Puts what it reads, under the head that bazelw wants, in place at once.
write_rc() {
  {
    echo "# Written by bazelw; it writes it again when something here changes. Your own options belong into user.bazelrc."
    echo "# fingerprint $(fingerprint)"
    echo "# bazel $bazel"
    cat
  } >"$work/rc"
  mv "$work/rc" "$rc.new" && mv "$rc.new" "$rc" || die "can not write $rc"
}
