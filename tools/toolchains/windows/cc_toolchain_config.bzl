"""clang 14 with MinGW-w64's headers and libraries, as Debian 12 installs them.

Only for the development of eddy (--config=windows): a consumer brings a toolchain of its own.
"""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "artifact_name_pattern", "feature", "flag_group", "flag_set", "tool_path")
load("@rules_cc//cc:defs.bzl", "CcToolchainConfigInfo", "cc_common")

_TRIPLE = "x86_64-w64-windows-gnu"

_SYSROOT = "/usr/x86_64-w64-mingw32"

# GCC's libraries and libstdc++. Of the two that Debian has, clang finds the one that lacks std::thread.
_GCC = "/usr/lib/gcc/x86_64-w64-mingw32/12-posix"

_COMPILE_FLAGS = [
    "--target=" + _TRIPLE,
    # For outputs that are the same wherever they were built.
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
    "-idirafter",
    _SYSROOT + "/include",
]

_CXX_FLAGS = [
    "-nostdinc++",
    # As GCC has it for this target: libstdc++ compares types in the library, and no copy of that may be beside it.
    "-D__GXX_TYPEINFO_EQUALITY_INLINE=0",
] + [
    flag
    for folder in ["c++", "c++/x86_64-w64-mingw32", "c++/backward"]
    for flag in ["-isystem", _GCC + "/include/" + folder]
]

_LINK_FLAGS = [
    "--target=" + _TRIPLE,
    "--ld-path=/usr/bin/ld.lld-19",
    # A program needs no library of the compiler beside it.
    "-static",
    "-Wl,--no-insert-timestamp",
    "-B" + _SYSROOT + "/lib",
    "-L" + _GCC,
    "-L" + _SYSROOT + "/lib",
]

# Behind all others. Abseil asks only Microsoft's compilers for the last two.
_LINK_LIBRARIES = ["-lstdc++", "-lpthread", "-lbcrypt", "-ldbghelp"]

_C_ACTIONS = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.preprocess_assemble,
]

_CXX_ACTIONS = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.linkstamp_compile,
]

_LINK_ACTIONS = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

_TOOLS = {
    "ar": "/usr/bin/x86_64-w64-mingw32-ar",
    "cpp": "/usr/bin/x86_64-w64-mingw32-cpp-posix",
    "gcc": "/usr/lib/llvm-14/bin/clang",
    "gcov": "/usr/bin/x86_64-w64-mingw32-gcov-posix",
    "ld": "/usr/bin/ld.lld-19",
    "nm": "/usr/bin/x86_64-w64-mingw32-nm",
    "objdump": "/usr/bin/x86_64-w64-mingw32-objdump",
    "strip": "/usr/bin/x86_64-w64-mingw32-strip",
}

def _flags(actions, flags, **kwargs):
    return flag_set(actions = actions, flag_groups = [flag_group(flags = flags, **kwargs)])

def _cc_toolchain_config_impl(ctx):
    compile = _C_ACTIONS + _CXX_ACTIONS
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "mingw",
        abi_version = "mingw",
        artifact_name_patterns = [
            artifact_name_pattern("executable", "", ".exe"),
            artifact_name_pattern("dynamic_library", "", ".dll"),
        ],
        compiler = "clang",
        cxx_builtin_include_directories = [
            "/usr/lib/llvm-14/lib/clang",
            "/usr/share/mingw-w64/include",
            _GCC + "/include",
            _SYSROOT + "/include",
        ],
        features = [
            feature(name = "target", enabled = True, flag_sets = [
                _flags(compile, _COMPILE_FLAGS),
                _flags(_CXX_ACTIONS, _CXX_FLAGS),
                _flags(_LINK_ACTIONS, _LINK_FLAGS),
            ]),
            feature(name = "opt", flag_sets = [_flags(compile, ["-O2", "-DNDEBUG"])]),
            feature(name = "dbg", flag_sets = [_flags(compile, ["-g"])]),
            feature(name = "fastbuild"),
            # Newer Bazels name the headers of other projects apart, so that their warnings can be left out.
            feature(name = "external_include_paths", flag_sets = [_flags(
                compile,
                ["-isystem", "%{external_include_paths}"],
                expand_if_available = "external_include_paths",
                iterate_over = "external_include_paths",
            )]),
            feature(name = "libraries", enabled = True, flag_sets = [_flags(_LINK_ACTIONS, _LINK_LIBRARIES)]),
        ],
        host_system_name = "local",
        target_cpu = "x86_64",
        target_libc = "mingw",
        target_system_name = _TRIPLE,
        tool_paths = [tool_path(name = name, path = path) for name, path in _TOOLS.items()],
        toolchain_identifier = "clang_14_mingw_w64",
    )

cc_toolchain_config = rule(
    implementation = _cc_toolchain_config_impl,
    provides = [CcToolchainConfigInfo],
)
