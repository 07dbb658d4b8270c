"""What Bazel 4 has as globals, under names that another file can give back: a .bzl can not bind a name to itself."""

# buildifier: disable=native-cc-common
native_cc_common = cc_common

# buildifier: disable=native-cc-info
NativeCcInfo = CcInfo

NativeCcToolchainConfigInfo = CcToolchainConfigInfo
