"""zig's clang with the SDK that tools/bootstrap/cross_macos.sh makes, and LLVM's linker and libtool for Mach-O.

Only for the development of eddy (--config=macos_x86_64, --config=macos_arm64): on a Mac, Bazel finds Xcode's compiler.
"""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
    "variable_with_value",
)
load("@rules_cc//cc:defs.bzl", "CcToolchainConfigInfo", "cc_common")

# The first macOS that runs on arm64. The SDK has the same version.
_OLDEST_MACOS = "11.0"

_FRAMEWORKS = "tools/toolchains/macos/frameworks"

_COMPILE_FLAGS = [
    "-iframework",
    _FRAMEWORKS,
    # zig gives these on the command line, and takes them out of libc++'s headers.
    "-D_LIBCPP_ABI_NAMESPACE=__1",
    "-D_LIBCPP_ABI_VERSION=1",
    # For outputs that are the same wherever they were built.
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
]

_LINK_FLAGS = [
    "-F" + _FRAMEWORKS,
    # The first names the kind of linker, the second the program.
    "-fuse-ld=lld",
    "--ld-path=/usr/bin/ld64.lld-19",
    "-lc++",
    "-lc++abi",
]

_COMPILE_ACTIONS = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.preprocess_assemble,
]

_LINK_ACTIONS = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

_LLVM = "/usr/lib/llvm-19/bin/"

_TOOLS = {
    "ar": _LLVM + "llvm-libtool-darwin",
    "gcov": _LLVM + "llvm-cov",
    "ld": _LLVM + "ld64.lld",
    "nm": _LLVM + "llvm-nm",
    "objdump": _LLVM + "llvm-objdump",
    "strip": _LLVM + "llvm-strip",
}

def _flags(actions, flags, **kwargs):
    return flag_set(actions = actions, flag_groups = [flag_group(flags = flags, **kwargs)])

def _archiver_flags():
    """Bazel's own has an option that LLVM's libtool does not know, because it always does what that asks for."""
    kind = "libraries_to_link.type"
    return feature(name = "archiver_flags", flag_sets = [flag_set(
        actions = [ACTION_NAMES.cpp_link_static_library],
        flag_groups = [
            flag_group(flags = ["-static", "-no_warning_for_no_symbols", "-o", "%{output_execpath}"]),
            flag_group(
                iterate_over = "libraries_to_link",
                flag_groups = [
                    flag_group(
                        expand_if_equal = variable_with_value(name = kind, value = "object_file"),
                        flags = ["%{libraries_to_link.name}"],
                    ),
                    flag_group(
                        expand_if_equal = variable_with_value(name = kind, value = "object_file_group"),
                        flags = ["%{libraries_to_link.object_files}"],
                        iterate_over = "libraries_to_link.object_files",
                    ),
                ],
            ),
        ],
    )])

def _cc_toolchain_config_impl(ctx):
    tools = ctx.var.get("EDDY_MACOS_TOOLS")
    if not tools:
        fail("--config=macos_x86_64 and --config=macos_arm64 are for ./bazelw on Debian, which installs their tools; " +
             "a Mac builds without them")
    clang = tools + "/bin/clang"
    target = ["--target=%s-apple-macos%s" % (ctx.attr.arch, _OLDEST_MACOS)]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "macos",
        abi_version = "macos",
        compiler = "clang",
        cxx_builtin_include_directories = [
            tools + "/lib/clang",
            tools + "/sdk/usr/include",
        ],
        features = [
            feature(name = "target", enabled = True, flag_sets = [
                _flags(_COMPILE_ACTIONS, target + _COMPILE_FLAGS),
                _flags(_LINK_ACTIONS, target + _LINK_FLAGS),
            ]),
            _archiver_flags(),
            feature(name = "opt", flag_sets = [_flags(_COMPILE_ACTIONS, ["-O2", "-DNDEBUG"])]),
            feature(name = "dbg", flag_sets = [_flags(_COMPILE_ACTIONS, ["-g"])]),
            feature(name = "fastbuild"),
            # Newer Bazels name the headers of other projects apart, so that their warnings can be left out.
            feature(name = "external_include_paths", flag_sets = [_flags(
                _COMPILE_ACTIONS,
                ["-isystem", "%{external_include_paths}"],
                expand_if_available = "external_include_paths",
                iterate_over = "external_include_paths",
            )]),
        ],
        host_system_name = "local",
        target_cpu = "darwin_" + ctx.attr.arch,
        # By this, Bazel speaks to the linker and to libtool as to Apple's.
        target_libc = "macosx",
        target_system_name = ctx.attr.arch + "-apple-macos",
        tool_paths = [
            tool_path(name = name, path = path)
            for name, path in dict(_TOOLS, cpp = clang, gcc = clang).items()
        ],
        toolchain_identifier = "zig_clang_macos_" + ctx.attr.arch,
    )

cc_toolchain_config = rule(
    implementation = _cc_toolchain_config_impl,
    attrs = {"arch": attr.string(
        mandatory = True,
        values = ["arm64", "x86_64"],
    )},
    provides = [CcToolchainConfigInfo],
)
