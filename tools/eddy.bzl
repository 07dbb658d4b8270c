"""The cc rules as eddy uses them: warnings, include prefix, layering."""

load("@rules_cc//cc:defs.bzl", "cc_binary", "cc_library", "cc_test")

_FEATURES = ["layering_check", "parse_headers"]

# For clang 14 and later and gcc 12. Abseil's headers use builtins that newer clangs deprecate.
_GNU_COPTS = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wimplicit-fallthrough",
    "-Wnon-virtual-dtor",
    "-Woverloaded-virtual",
    "-Wno-unknown-warning-option",
    "-Wno-deprecated-builtins",
    "-Werror=return-type",
]

_MSVC_COPTS = [
    "/W3",
    "/EHsc",
    "/permissive-",
    "/utf-8",
    "/Zc:__cplusplus",
    "/we4715",  # not all paths return a value
]

# The target_compatible_with of what includes headers of POSIX.
POSIX = select({
    "@platforms//os:windows": ["@platforms//:incompatible"],
    "//conditions:default": [],
})

_GTEST = [
    "@com_google_googletest//:gtest",
    "@com_google_googletest//:gtest_main",
]

# windows.h would define min and max, and bring the first generation of sockets.
_WINDOWS_COPTS = [
    "-DNOMINMAX",
    "-DWIN32_LEAN_AND_MEAN",
]

def _copts(own):
    return select({
        "@rules_cc//cc/compiler:clang-cl": _MSVC_COPTS,
        "@rules_cc//cc/compiler:msvc-cl": _MSVC_COPTS,
        "//conditions:default": _GNU_COPTS,
    }) + select({
        "@platforms//os:windows": _WINDOWS_COPTS,
        "//conditions:default": [],
    }) + own

def windows_linkopts(libraries):
    """The linkopts of a target for Windows only that needs libraries of the system.

    Args:
      libraries: their names, as in "ws2_32".

    Returns:
      A select on the compiler.
    """
    microsofts = ["-DEFAULTLIB:%s.lib" % name for name in libraries]
    return select({
        "@rules_cc//cc/compiler:clang-cl": microsofts,
        "@rules_cc//cc/compiler:msvc-cl": microsofts,
        "//conditions:default": ["-l" + name for name in libraries],
    })

def _include_prefix():
    package = native.package_name()
    return "eddy/" + package if package else "eddy"

def eddy_cc_library(name, copts = [], features = [], **kwargs):
    """A cc_library whose headers are included as "eddy/<package>/<header>".

    Args:
      name: of the target.
      copts: more compiler options, after the common ones.
      features: more features of the toolchain.
      **kwargs: as of cc_library.
    """
    cc_library(
        name = name,
        copts = _copts(copts),
        features = _FEATURES + features,
        include_prefix = _include_prefix(),
        # Nobody loads a shared library of each, so none is made.
        linkstatic = True,
        **kwargs
    )

def eddy_cc_binary(name, copts = [], features = [], **kwargs):
    """A cc_binary with the common options.

    Args:
      name: of the target.
      copts: more compiler options, after the common ones.
      features: more features of the toolchain.
      **kwargs: as of cc_binary.
    """
    cc_binary(
        name = name,
        copts = _copts(copts),
        features = _FEATURES + features,
        **kwargs
    )

def eddy_cc_test(name, copts = [], deps = [], features = [], gtest_main = True, size = "small", **kwargs):
    """A cc_test with the common options, linked with GoogleTest and its main.

    Args:
      name: of the target.
      copts: more compiler options, after the common ones.
      deps: what is tested.
      features: more features of the toolchain.
      gtest_main: False for a test that brings its own main (and its own GoogleTest, if it wants it).
      size: as of cc_test; a test of eddy takes less than a minute unless it says so.
      **kwargs: as of cc_test.
    """
    cc_test(
        name = name,
        size = size,
        copts = _copts(copts),
        features = _FEATURES + features,
        deps = deps + (_GTEST if gtest_main else []),
        **kwargs
    )
