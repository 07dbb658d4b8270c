"""What zig's clang and LLVM's Mach-O tools have to be told to build for macOS."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load(
    "@rules_cc//cc:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
    "variable_with_value",
    "with_feature_set",
)

# The first macOS that runs on arm64.
_OLDEST_MACOS = "11.0"

_COMPILE = [
    ACTION_NAMES.assemble,
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.preprocess_assemble,
]

_LINK = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

def _flags(actions, flags, when = None):
    return flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags)],
        with_features = [with_feature_set(features = [when])] if when else [],
    )

# Bazel's own has an option that LLVM's libtool lacks, as it always does what that asks for.
_ARCHIVER_FLAGS = feature(
    name = "archiver_flags",
    flag_sets = [flag_set(
        actions = [ACTION_NAMES.cpp_link_static_library],
        flag_groups = [
            flag_group(flags = [
                "-static",
                "-no_warning_for_no_symbols",
                "-o",
                "%{output_execpath}",
            ]),
            flag_group(
                iterate_over = "libraries_to_link",
                flag_groups = [
                    flag_group(
                        expand_if_equal = variable_with_value(name = "libraries_to_link.type", value = "object_file"),
                        flags = ["%{libraries_to_link.name}"],
                    ),
                    flag_group(
                        expand_if_equal = variable_with_value(name = "libraries_to_link.type", value = "object_file_group"),
                        flags = ["%{libraries_to_link.object_files}"],
                        iterate_over = "libraries_to_link.object_files",
                    ),
                ],
            ),
        ],
    )],
)

def _impl(ctx):
    # bazelw installs them, and tells where (tools/bootstrap/cross_macos.sh).
    tools = ctx.var.get("EDDY_MACOS_TOOLS")
    if not tools:
        fail("--config=macos_* needs ./bazelw on a Debian machine; on a Mac, build without it")
    sdk = tools + "/sdk"
    system = [
        "--target=%s-apple-macos%s" % (ctx.attr.arch, _OLDEST_MACOS),
        "-isysroot",
        sdk,
    ]
    frameworks = "tools/toolchains/macos/frameworks"

    compile_flags = system + [
        "-iframework",
        frameworks,
        "-no-canonical-prefixes",
        # zig takes these two out of libc++'s headers, and gives them on the command line.
        "-D_LIBCPP_ABI_NAMESPACE=__1",
        "-D_LIBCPP_ABI_VERSION=1",
    ]
    link_flags = system + [
        "-F" + frameworks,
        "-fuse-ld=lld",
        "--ld-path=/usr/bin/ld64.lld-19",
        "-lc++",
        "-lc++abi",
    ]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        toolchain_identifier = "macos_" + ctx.attr.arch,
        compiler = "clang",
        target_cpu = "darwin_" + ctx.attr.arch,
        # Tells Bazel to use the options of Apple's linker and libtool.
        target_libc = "macosx",
        target_system_name = ctx.attr.arch + "-apple-macos",
        # Bazel 4 does not do without these.
        abi_libc_version = "local",
        abi_version = "local",
        host_system_name = "local",
        tool_paths = [
            tool_path(name = "ar", path = "/usr/lib/llvm-19/bin/llvm-libtool-darwin"),
            tool_path(name = "cpp", path = tools + "/bin/clang"),
            tool_path(name = "gcc", path = tools + "/bin/clang"),
            tool_path(name = "gcov", path = "/usr/lib/llvm-19/bin/llvm-cov"),
            tool_path(name = "ld", path = "/usr/bin/ld64.lld-19"),
            tool_path(name = "nm", path = "/usr/lib/llvm-19/bin/llvm-nm"),
            tool_path(name = "objdump", path = "/usr/lib/llvm-19/bin/llvm-objdump"),
            tool_path(name = "strip", path = "/usr/lib/llvm-19/bin/llvm-strip"),
        ],
        cxx_builtin_include_directories = [
            sdk + "/usr/include",
            tools + "/lib/clang",
        ],
        features = [
            _ARCHIVER_FLAGS,
            feature(
                name = "default_compile_flags",
                enabled = True,
                flag_sets = [
                    _flags(_COMPILE, compile_flags),
                    _flags(_COMPILE, ["-O2", "-DNDEBUG"], when = "opt"),
                ],
            ),
            feature(
                name = "default_link_flags",
                enabled = True,
                flag_sets = [_flags(_LINK, link_flags)],
            ),
            feature(name = "opt"),
        ],
    )

macos_cc_toolchain_config = rule(
    implementation = _impl,
    attrs = {"arch": attr.string(
        mandatory = True,
        values = [
            "arm64",
            "x86_64",
        ],
    )},
    provides = [CcToolchainConfigInfo],
)
