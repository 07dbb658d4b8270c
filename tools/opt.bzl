"""opt_binary: a binary built with -c opt, whatever mode the rest of the build is in."""

def _opt_transition_impl(settings, attr):
    _ignored = (settings, attr)  # @unused
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

_opt_binary = rule(
    implementation = _opt_binary_impl,
    attrs = {
        "binary": attr.label(
            cfg = _opt_transition,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)

def opt_binary(name, binary, tags = [], **kwargs):
    """A binary built with -c opt, for the data of a test that counts instructions in any mode.

    Args:
      name: of the target and of the file.
      binary: the executable to build.
      tags: more tags; "manual" is always there, so that only who needs it builds it.
      **kwargs: as of every rule (testonly, visibility).
    """
    _opt_binary(
        name = name,
        binary = binary,
        tags = tags + ["manual"],
        **kwargs
    )
