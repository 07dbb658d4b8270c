"""cc_toolchain under the label that rules_cc publishes it."""

cc_toolchain = native.cc_toolchain
