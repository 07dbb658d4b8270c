"""The lint lane: each tool over all files of its kind is one case."""

import os
import pathlib
import re
import subprocess
import sys

import results

INSTALL = pathlib.Path(__file__).with_name("install")
RULES = pathlib.Path(__file__).with_name("coroutine_rules.py")
CONFORMANCE = pathlib.Path(__file__).with_name("conformance.py")


def check(root):
    """Runs the linters over the files of the repository; returns one case for each."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, stdout=subprocess.PIPE,
                           text=True).stdout.split("\0")
    files = [name for name in files if name and (root / name).exists()]
    cases = results.Cases()
    for tool, command, chosen in [
        ("buildifier", [_buildifier(), "-mode=check", "-lint=warn"],
         [name for name in files if re.search(r"(^|/)(BUILD|WORKSPACE|MODULE\.bazel|[^/]+\.(BUILD|bzl))$", name)]),
        ("clang-format", ["clang-format-19", "--dry-run", "-Werror"],
         [name for name in files if name.endswith((".h", ".cc"))]),
        # What gcc 12 can not take is what the one that is left out is about.
        ("coroutine-rules", [sys.executable, RULES],
         [name for name in files if name.endswith((".h", ".cc")) and name != "runtime/compile_fail/gcc12.cc"]),
        ("conformance", [sys.executable, CONFORMANCE],
         [name for name in files if name.endswith(".cc")]),
        *[(f"test-{pathlib.Path(name).stem}", [sys.executable], [name])
          for name in files if re.fullmatch(r"tools/ci/\w+_test\.py", name)],
        ("shellcheck", ["shellcheck", "-x"],
         [name for name in files if _is_shell(root / name)]),
    ]:
        _run(tool, command, chosen, root, cases)
    _find_merge_marks(files, root, cases)
    return cases


def _find_merge_marks(files, root, cases):
    marked = [name for name in files if re.search(rb"^(<{7}|>{7}) ", (root / name).read_bytes(), re.MULTILINE)]
    if marked:
        cases.fail("merge-marks", f"a merge has left its marks in {', '.join(marked)}")
    else:
        cases.passed += 1


def _run(tool, command, files, root, cases):
    if not files:
        cases.skip(tool, "there is no file for it")
        return
    print(f"+ {' '.join(map(str, command))} ({len(files)} files)", flush=True)
    try:
        status = subprocess.run([*command, *files], cwd=root, stdin=subprocess.DEVNULL).returncode
    except FileNotFoundError:
        cases.fail(tool, "is not installed")
        return
    if status:
        cases.fail(tool, f"exit status {status}: see above; tools/ci/format mends what can be mended")
    else:
        cases.passed += 1


def _is_shell(path):
    with path.open("rb") as file:
        return re.match(rb"#!.*\b(ba)?sh\b", file.readline(80)) is not None


def _buildifier():
    """Where tools/ci/install has put it."""
    return subprocess.run([INSTALL, "--print-buildifier"], check=True, stdout=subprocess.PIPE,
                          text=True).stdout.strip()
