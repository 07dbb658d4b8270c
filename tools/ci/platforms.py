"""The matrix of docs/platforms.md, feature by system, made from the tests that ran.

`.ci/run` compares it with the document; with PLATFORMS_WRITE=1 it writes it instead.
"""

import os
import re

import results

LINUX = "clang 19, layering check"
KQUEUE = "kqueue on its double"
WINDOWS = "Windows, under Wine"
MACOS_X86_64 = "macOS x86_64, linked"
MACOS_ARM64 = "macOS arm64, linked"

DOCUMENT = "docs/platforms.md"
BEGIN = "<!-- The matrix: written by tools/ci/platforms.py. -->\n"
END = "<!-- End of the matrix. -->\n"


class Feature:
    """A row: the files whose tests prove it, by system where they differ."""

    def __init__(self, name, *files, simulated=(), posix=(), linux=(), windows=()):
        self.name = name
        self.simulated = {*files, *simulated}
        self.linux = {*files, *posix, *linux}
        self.kqueue = {*files, *posix}
        self.windows = {*files, *windows}


FEATURES = [
    Feature("Connect, accept", "testing/proactor_contract_connect.cc",
            posix=["platform/posix/readiness_connection_test.cc"],
            windows=["platform/windows/iocp_proactor_test.cc"]),
    Feature("Receive, send, half-close, reset", "testing/proactor_contract_transfer.cc",
            posix=["platform/posix/readiness_stream_test.cc"]),
    Feature("Cancelling an operation", "testing/proactor_contract_cancel.cc"),
    Feature("Readiness of foreign sockets", "testing/proactor_contract_readiness.cc",
            posix=["platform/posix/readiness_foreign_test.cc"]),
    Feature("Lifetimes of operations and descriptors", "testing/proactor_contract_lifetime.cc"),
    Feature("Deadlines, wake-ups by other threads", "testing/proactor_contract_time.cc",
            posix=["platform/posix/wait_test.cc"], linux=["platform/linux/epoll_proactor_test.cc"],
            windows=["platform/windows/fine_timer_test.cc"]),
    Feature("Socket options and addresses", simulated=["testing/sim_network_test.cc"],
            posix=["platform/posix/sockets_posix_test.cc", "platform/posix/socket_address_posix_test.cc"],
            windows=["platform/windows/sockets_windows_test.cc",
                     "platform/windows/socket_address_windows_test.cc"]),
    Feature("Names to addresses, by the system's resolver", simulated=["testing/sim_resolver_test.cc"],
            posix=["platform/system_resolver_test.cc", "platform/posix/lookup_posix_test.cc"],
            windows=["platform/system_resolver_test.cc", "platform/windows/lookup_windows_test.cc"]),
    Feature("Event loop, timers, callbacks from threads", "runtime/loop_native_test.cc", "runtime/loop_test.cc",
            "runtime/loop_threads_test.cc"),
    Feature("Tasks, futures, cancellation", "runtime/task_test.cc", "runtime/future_test.cc",
            "runtime/coro_test.cc", "runtime/cancel_test.cc"),
    Feature("`gather`, `wait`, timeouts, task groups", "runtime/gather_test.cc", "runtime/wait_test.cc",
            "runtime/as_completed_test.cc", "runtime/shield_test.cc", "runtime/timeout_test.cc",
            "runtime/task_group_test.cc", "runtime/task_group_cancel_test.cc"),
    Feature("Locks, events, conditions, queues", "runtime/sync/lock_test.cc", "runtime/sync/event_test.cc",
            "runtime/sync/condition_test.cc", "runtime/sync/semaphore_test.cc", "runtime/sync/barrier_test.cc",
            "runtime/queue_test.cc"),
    Feature("Ctrl-C", simulated=["runtime/interruption_test.cc"],
            posix=["platform/posix/signals_posix_test.cc", "runtime/interruption_posix_test.cc"],
            windows=["platform/windows/console_signals_test.cc", "runtime/interruption_windows_test.cc"]),
    Feature("`to_thread`, executors", "runtime/to_thread_test.cc", "runtime/thread_pool_test.cc",
            "runtime/inbox_test.cc", simulated=["testing/sim_threads_test.cc"]),
    Feature("Streams", "net/stream_test.cc", "net/stream_read_test.cc", "net/stream_write_test.cc",
            "net/stream_model_test.cc"),
    Feature("Streams: errors, resets, back-pressure", "net/stream_error_test.cc"),
    Feature("Servers", "net/server_test.cc"),
    Feature("`open_connection`", "net/connect_test.cc"),
    Feature("Allocations and memory of connections", "net/stream_cost_test.cc"),
    Feature("Out of memory", "net/out_of_memory_test.cc"),
    Feature("The examples, `concurrent_fetch` among them", "examples/examples_test.cc"),
]

# Files with tests of the real kernel only, although no test's name says so.
_NATIVE_FILES = re.compile(
    r"platform/|examples/|runtime/(interruption_posix|interruption_windows|loop_native|to_thread|thread_pool|inbox)_test|"
    r"net/(stream_cost|out_of_memory)_test")


def check(root, answers):
    """Compares the document with what the lanes have answered; returns the one case that this is."""
    cases = results.Cases()
    missing = [lane for lane in (LINUX, KQUEUE, WINDOWS, MACOS_X86_64, MACOS_ARM64)
               if lane not in answers or answers[lane].failed]
    if missing:
        cases.skip(DOCUMENT, f"it is about lanes that have failed: {', '.join(missing)}")
        return cases
    path = root / DOCUMENT
    text = path.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    right = before + BEGIN + _matrix(answers) + END + after
    if os.environ.get("PLATFORMS_WRITE"):
        path.write_text(right)
        text = right
    if text == right:
        cases.passed += 1
    else:
        print(f"This is what ran:\n\n{_matrix(answers)}")
        cases.fail(DOCUMENT, "does not tell what ran: see above; PLATFORMS_WRITE=1 .ci/run mends it")
    return cases


def _matrix(answers):
    notes = []
    lines = ["| | simulated | Linux (epoll) | macOS (kqueue) | Windows (IOCP) |", "|---|---|---|---|---|"]
    for feature in FEATURES:
        cells = [
            _cell("run", _outcomes(answers[LINUX], feature.simulated, is_native=False)),
            _cell("run", _outcomes(answers[LINUX], feature.linux, is_native=True)),
            _cell("run on the double" + _linked(answers, feature.kqueue),
                  _outcomes(answers[KQUEUE], feature.kqueue, is_native=True)),
        ]
        # What the other lanes skip is for want of something on the machine, not on the system.
        windows = _outcomes(answers[WINDOWS], feature.windows, is_native=True)
        skipped = [f"`{name}` is skipped: {why}" for name, why in windows if why]
        notes += skipped
        marks = "".join(f" [{notes.index(note) + 1}]" for note in skipped)
        cells.append(_cell("run under Wine", windows) + marks)
        lines.append(f"| {feature.name} | {' | '.join(cells)} |")
    lines += [""] + [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join(lines).rstrip() + "\n"


def _outcomes(cases, files, is_native):
    """The tests of these files on the real kernel, or those on the simulated one: (name, "" or why it was skipped)."""
    return sorted((name, why) for _, file, name, why in cases.outcomes
                  if file in files and _is_native(file, name) == is_native)


def _linked(answers, files):
    """Whether the tests of these files were linked for both kinds of Mac."""
    labels = {label for label, file, *_ in answers[KQUEUE].outcomes if file in files}
    return "; linked" if labels <= answers[MACOS_X86_64].linked & answers[MACOS_ARM64].linked else ""


def _is_native(file, name):
    return bool(name.startswith("Native/") or name.endswith("Native") or _NATIVE_FILES.match(file))


def _cell(how, outcomes):
    return how if any(why == "" for _, why in outcomes) else "-"
