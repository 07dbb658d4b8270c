"""eddy_compile_fail_test: what must not compile, each beside what must.

A source holds cases like this one:

    #ifdef REFUSED_ANumberAsADelay  // no matching function for call to .?sleep
      co_await sleep(1);
    #else
      co_await sleep(std::chrono::seconds(1));
    #endif

As it is, the source has to compile. With REFUSED_ANumberAsADelay defined it has not to, and the compiler has to say what
stands behind the name, a regular expression. A case REFUSED_BY_GCC_12_... is refused by that compiler, one of
REFUSED_BY_CLANG_... by clang, and has to compile with all others. Only the development of eddy needs this file: no BUILD file of a library loads it.
"""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:defs.bzl", "CcInfo", "cc_common")
load("@rules_cc//cc:find_cc_toolchain.bzl", "find_cc_toolchain", "use_cc_toolchain")

def _compile_fail_impl(ctx):
    toolchain = find_cc_toolchain(ctx)
    configuration = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        # What it adds names files that there are none of here.
        unsupported_features = ctx.disabled_features + ["layering_check", "module_maps", "parse_headers"],
    )
    context = cc_common.merge_cc_infos(
        cc_infos = [dep[CcInfo] for dep in ctx.attr.deps],
    ).compilation_context
    variables = cc_common.create_compile_variables(
        cc_toolchain = toolchain,
        feature_configuration = configuration,
        include_directories = context.includes,
        preprocessor_defines = context.defines,
        quote_include_directories = context.quote_includes,
        system_include_directories = context.system_includes,
        user_compile_flags = ctx.fragments.cpp.copts + ctx.fragments.cpp.cxxopts + ctx.attr.copts,
    )
    arguments = ctx.actions.args()
    arguments.add_all([ctx.outputs.executable, ctx.file.src])
    arguments.add(cc_common.get_tool_for_action(
        action_name = ACTION_NAMES.cpp_compile,
        feature_configuration = configuration,
    ))
    arguments.add_all(cc_common.get_memory_inefficient_command_line(
        action_name = ACTION_NAMES.cpp_compile,
        feature_configuration = configuration,
        variables = variables,
    ))
    ctx.actions.run(
        arguments = [arguments],
        env = cc_common.get_environment_variables(
            action_name = ACTION_NAMES.cpp_compile,
            feature_configuration = configuration,
            variables = variables,
        ),
        executable = ctx.file._compile,
        inputs = depset([ctx.file.src], transitive = [context.headers, toolchain.all_files]),
        mnemonic = "CompileFail",
        outputs = [ctx.outputs.executable],
        progress_message = "Compiling what must not compile: " + ctx.file.src.short_path,
    )
    return [DefaultInfo(executable = ctx.outputs.executable)]

_compile_fail_test = rule(
    implementation = _compile_fail_impl,
    attrs = {
        "copts": attr.string_list(),
        "deps": attr.label_list(providers = [CcInfo]),
        "src": attr.label(
            allow_single_file = [".cc"],
            mandatory = True,
        ),
        "_cc_toolchain": attr.label(
            default = "@rules_cc//cc:current_cc_toolchain",
        ),
        "_compile": attr.label(
            allow_single_file = True,
            default = "//tools:compile_fail.sh",
        ),
    },
    fragments = ["cpp"],
    test = True,
    toolchains = use_cc_toolchain(),
)

def eddy_compile_fail_test(name, **kwargs):
    """Tests that the cases of `src` are refused; see above.

    Args:
      name: of the target.
      **kwargs: src, deps, and copts after the flags of the build.
    """
    _compile_fail_test(
        name = name,
        size = "small",
        # The compilers are those that the build takes on Linux; a sanitizer changes nothing in what they refuse.
        tags = ["no_sanitizer"],
        target_compatible_with = ["@platforms//os:linux"],
        **kwargs
    )
