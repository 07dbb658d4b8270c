"""The way to a C++ toolchain under the label that rules_cc publishes it."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

find_cc_toolchain = find_cpp_toolchain

def use_cc_toolchain():
    """The toolchains of a rule that calls find_cc_toolchain()."""
    return ["@bazel_tools//tools/cpp:toolchain_type"]
