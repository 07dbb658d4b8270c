"""opt_binary: a binary built with -c opt, whatever mode the rest of the build is in."""

def _opt_transition_impl(settings, attr):
    _ = (settings, attr)  # buildifier: disable=unused-variable
    return {"//command_line_option:compilation_mode": "opt"}

_opt_transition = transition(
    implementation = _opt_transition_impl,
    inputs = [],
    outputs = ["//command_line_option:compilation_mode"],
)

def _opt_binary_impl(ctx):
    # An attribute with a transition of its own is a list, also when it names one target.
    binary = ctx.attr.binary[0][DefaultInfo]
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = binary.files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = executable,
        runfiles = ctx.runfiles([executable]).merge(binary.default_runfiles),
    )]

opt_binary = rule(
    implementation = _opt_binary_impl,
    doc = "An executable that is `binary`, built with -c opt: for tests that count instructions in any mode.",
    attrs = {
        "binary": attr.label(
            doc = "The executable to build.",
            cfg = _opt_transition,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)
