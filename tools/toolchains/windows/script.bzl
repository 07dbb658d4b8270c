"""script: a file as an executable target, without a shell rule, which newer Bazels have only in a module of its own."""

def _script_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = ctx.file.src,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = executable,
        runfiles = ctx.runfiles([executable]),
    )]

script = rule(
    implementation = _script_impl,
    attrs = {
        "src": attr.label(
            allow_single_file = True,
            mandatory = True,
        ),
    },
    executable = True,
)
