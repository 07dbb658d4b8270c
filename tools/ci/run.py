"""Runs the lanes, prints how long each took, and closes with the sum of their test cases."""

import pathlib
import subprocess
import sys
import tempfile
import time

import lint
import platforms
import results

ROOT = pathlib.Path(__file__).resolve().parents[2]


class BazelLane:
    """One Bazel command over all of eddy, or over the tests with one tag."""

    def __init__(self, command, *options, tag=None):
        self.command = command
        self.options = options
        if tag:
            self.options += (f"--test_tag_filters={tag}", "--build_tests_only")
        self.is_whole = tag is None

    def run(self):
        """Returns its cases."""
        read = results.read_test_events if self.command == "test" else results.read_build_events
        with tempfile.TemporaryDirectory() as folder:
            events = pathlib.Path(folder) / "events.json"
            command = ["./bazelw", self.command, "//...", *self.options, "--keep_going", "--noshow_progress",
                       "--noshow_loading_progress", f"--build_event_json_file={events}"]
            print("+", *command, flush=True)
            try:
                status = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL,
                                        timeout=LANE_MINUTES * 60).returncode
                end = f"exit status {status}"
            except subprocess.TimeoutExpired:
                status, end = 1, f"no end after {LANE_MINUTES} minutes"
            return read(events, status, end)


# The first is the README's test command with warnings in our own code as errors.
BAZEL_LANES = {
    platforms.LINUX: BazelLane("test", "--config=werror"),
    "gcc 12, optimised": BazelLane("test", "--config=gcc"),
    "clang 19, address and undefined behaviour": BazelLane("test", "--config=asan"),
    "clang 19, data races": BazelLane("test", "--config=tsan", tag="threads"),
    platforms.KQUEUE: BazelLane("test", "--config=kqueue", "--config=werror"),
    platforms.WINDOWS: BazelLane("test", "--config=windows", "--config=werror"),
    platforms.MACOS_X86_64: BazelLane("build", "--config=macos_x86_64", "--config=werror"),
    platforms.MACOS_ARM64: BazelLane("build", "--config=macos_arm64", "--config=werror"),
}

# A lane that takes longer hangs.
LANE_MINUTES = 40


def run_lane(run):
    """Runs one lane; returns its cases. Whatever goes wrong is one that failed, so that the sum is printed."""
    try:
        return run()
    except Exception as error:
        cases = results.Cases()
        cases.fail("the lane", f"{type(error).__name__}: {error}")
        return cases


def check_tools(install_status):
    """Returns the one case of tools/ci/install, which has run already."""
    cases = results.Cases()
    if install_status:
        cases.fail("tools/ci/install", f"exit status {install_status}: it said why at the start")
    else:
        cases.passed += 1
    return cases


def main(install_status):
    answers = {}  # lane -> its cases
    whole = {name for name, lane in BAZEL_LANES.items() if lane.is_whole}
    lanes = {"tools": lambda: check_tools(install_status), "lint": lambda: lint.check(ROOT)}
    lanes |= {name: lane.run for name, lane in BAZEL_LANES.items()}
    lanes["docs/platforms.md tells what ran"] = lambda: platforms.check(ROOT, answers)

    total = results.Cases()
    lines = []
    for name, run in lanes.items():
        print(f"\n==== {name}", flush=True)
        start = time.monotonic()
        cases = answers[name] = run_lane(run)
        if cases.targets and name in whole:
            for label in sorted(total.targets - cases.targets):
                cases.skip(label, "its tags leave it out of this lane")
        lines.append(f"{name:44} {time.monotonic() - start:6.0f} s   {cases}")
        print(lines[-1], flush=True)
        total.add(cases, name)

    print("\n==== summary", *lines, sep="\n")
    for what, why in total.skipped:
        print(f"skipped {what}: {why}")
    for what, why in total.failed:
        print(f"FAILED {what}: {why}")
    print(total)
    return 1 if total.failed or not total.passed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
