# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""What the scenarios share on asyncio's side; scenario.h is the same for eddy.

    python3 reference.py NAME...    # or --all

prints `== NAME` and the trace of each, as this Python's asyncio goes. Time is virtual: no scenario takes any.
"""

import asyncio
import importlib
import inspect
import logging
import pathlib
import sys

HERE = pathlib.Path(__file__).absolute().parent


class Scenario:
    def __init__(self, body, since, expected):
        self.body = body
        self.name = body.__name__
        self.since = since
        # What the asyncio of `since` and later does, for the machines that have an older one.
        self.expected = expected

    def is_runnable(self):
        return self.since is None or sys.version_info >= self.since


SCENARIOS = {}
_lines = []
_main_ended = False


def scenario(since=None, expected=None):
    """Registers a coroutine function, run as the main task, or a function, called outside of any loop.

    `since` is the version of Python, as "3.12", whose asyncio first does what eddy follows; `expected` is the trace.
    """
    version = since and tuple(map(int, since.split(".")))
    lines = [line.strip() for line in expected.strip().splitlines()] if expected is not None else None
    assert (since is None) == (expected is None), "what an older Python does not do has its trace beside it"

    def register(body):
        assert body.__name__ not in SCENARIOS, body.__name__
        SCENARIOS[body.__name__] = Scenario(body, version, lines)
        return body

    return register


def trace(*parts):
    """One line of the trace: the parts, with spaces between."""
    _lines.append(" ".join(map(str, parts)))


def ticks(last, n=1):
    """Makes the turns of the loop visible: `-- turn 1` in the next one, up to the last or the end of main."""

    def tick():
        if not _main_ended:
            trace("-- turn", n)
        if n < last:
            ticks(last, n + 1)

    asyncio.get_running_loop().call_soon(tick)


def detach(task):
    """Lets it live as long as its loop: asyncio itself does not."""
    task.get_loop().detached = task


def ms(milliseconds):
    return milliseconds / 1000


def now():
    """The time of the loop."""
    return f"{round(asyncio.get_running_loop().time() * 1000)}ms"


async def turns(n):
    for _ in range(n):
        await asyncio.sleep(0)


class Oops(Exception):
    """What scenarios raise."""


def error(exception=Ellipsis):
    """The exception (default: the one being handled) as text: those of eddy have the same names."""
    if exception is Ellipsis:
        exception = sys.exception()
    if isinstance(exception, BaseExceptionGroup):
        return f"ExceptionGroup({', '.join(map(error, exception.exceptions))})"
    if isinstance(exception, (asyncio.CancelledError, Oops)):
        return f"{type(exception).__name__}({', '.join(map(repr, exception.args))})"
    # The texts of these are each one's own.
    return "None" if exception is None else type(exception).__name__


def report(_loop, context):
    """The exception handler of all scenarios."""
    future = context.get("task") or context.get("future")
    if context["message"].startswith("Exception in callback"):
        kind = "callback"
    else:
        kind = "task" if isinstance(future, asyncio.Task) else "loop" if future is None else "future"
    trace(f"report of a {kind}:", error(context.get("exception")))


class Deadlock(Exception):
    """Nothing can happen any more."""


class VirtualSelector:
    def __init__(self, loop):
        self.loop = loop

    def select(self, timeout):
        if timeout is None:
            raise Deadlock
        self.loop.nanoseconds += max(0, round(timeout * 1e9))
        return []


class VirtualLoop(asyncio.BaseEventLoop):
    """Its clock jumps to the next timer when there is nothing else to do."""

    def __init__(self):
        super().__init__()
        self.nanoseconds = 0
        self._selector = VirtualSelector(self)
        self._clock_resolution = 1e-9

    def time(self):
        return self.nanoseconds / 1e9

    def call_at(self, when, callback, *args, context=None):
        # What is the same time on paper is the same here.
        return super().call_at(round(when, 9), callback, *args, context=context)

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass


def new_loop():
    """Made by scenarios that are no coroutines."""
    loop = VirtualLoop()
    loop.set_exception_handler(report)
    return loop


def new_runner():
    return asyncio.Runner(loop_factory=new_loop)


async def _main(body):
    global _main_ended
    _main_ended = False
    try:
        await body()
    finally:
        _main_ended = True


def run_scenario(chosen):
    """Returns its trace."""
    _lines.clear()
    try:
        if inspect.iscoroutinefunction(chosen.body):
            with new_runner() as runner:
                try:
                    runner.run(_main(chosen.body))
                    trace("main returned")
                except BaseException:
                    trace("main ended with", error())
        else:
            chosen.body()
    except BaseException:
        trace("the scenario ended with", error())
    return list(_lines)


def load():
    """All scenarios, in the order of the files and in them."""
    # Of handlers that throw it tells this one only.
    logging.getLogger("asyncio").disabled = True
    sys.modules["reference"] = sys.modules[__name__]
    for file in sorted(HERE.glob("scenarios_*.py")):
        importlib.import_module(file.stem)
    return SCENARIOS


def main(arguments):
    scenarios = load()
    for name in scenarios if arguments == ["--all"] else arguments:
        lines = run_scenario(scenarios[name])
        print("\n".join([f"== {name}", *lines]))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    main(sys.argv[1:])
