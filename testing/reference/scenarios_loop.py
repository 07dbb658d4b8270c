# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""The loop: callbacks, timers, and how it is run and stopped."""

import asyncio

from reference import Oops, error, ms, new_loop, now, scenario, ticks, trace, turns


@scenario()
async def loop_callbacks_in_order():
    loop = asyncio.get_running_loop()
    for n in range(5):
        loop.call_soon(trace, "callback", n)
    trace("made")
    await asyncio.sleep(0)
    trace("main")


@scenario()
async def loop_callback_of_a_callback_runs_in_the_next_turn():
    loop = asyncio.get_running_loop()

    def outer():
        trace("outer")
        loop.call_soon(trace, "inner")

    loop.call_soon(outer)
    ticks(3)
    loop.call_soon(trace, "last")
    await turns(3)


@scenario()
async def loop_timers_in_order_of_deadline():
    loop = asyncio.get_running_loop()
    for delay in (30, 10, 20, 50, 40):
        loop.call_later(ms(delay), lambda delay=delay: trace("timer", delay, "at", now()))
    await asyncio.sleep(ms(60))


@scenario()
async def loop_timers_that_are_due_go_behind_what_is_ready():
    loop = asyncio.get_running_loop()
    loop.call_later(0, trace, "timer of no delay")
    loop.call_later(ms(-10), trace, "timer of the past")
    loop.call_soon(trace, "callback")
    loop.call_at(loop.time() - 1, trace, "timer at a time of the past")
    ticks(2)
    await turns(2)


@scenario()
async def loop_timer_made_by_a_timer():
    loop = asyncio.get_running_loop()

    def first():
        trace("first at", now())
        loop.call_later(0, lambda: trace("at once, at", now()))
        loop.call_later(ms(10), lambda: trace("later, at", now()))
        loop.call_soon(lambda: trace("soon, at", now()))

    loop.call_later(ms(10), first)
    await asyncio.sleep(ms(30))


@scenario()
async def loop_ready_callback_cancelled_by_one_before_it():
    loop = asyncio.get_running_loop()
    handles = []
    loop.call_soon(lambda: handles[0].cancel())
    handles.append(loop.call_soon(trace, "never"))
    loop.call_soon(lambda: trace("cancelled", handles[0].cancelled()))
    await asyncio.sleep(0)


@scenario()
async def loop_timer_cancelled():
    loop = asyncio.get_running_loop()
    timer = loop.call_later(ms(10), trace, "never")
    other = loop.call_later(ms(20), lambda: trace("other at", now()))
    timer.cancel()
    timer.cancel()
    trace(timer.cancelled(), other.cancelled(), round((other.when() - loop.time()) * 1000))
    await asyncio.sleep(ms(30))


@scenario()
async def loop_callback_that_throws():
    loop = asyncio.get_running_loop()

    def bad():
        raise Oops("bad")

    loop.call_soon(bad)
    loop.call_soon(trace, "good")
    loop.call_later(ms(10), bad)
    await asyncio.sleep(ms(20))


@scenario()
async def loop_sleep_zero_is_one_turn():
    async def step(name):
        for n in range(3):
            trace(name, n)
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(step(name)) for name in "ABC"]
    ticks(4)
    for task in tasks:
        await task


@scenario()
async def loop_sleepers_wake_in_order():
    async def sleeper(name, delay):
        await asyncio.sleep(delay)
        trace(name, "at", now())

    tasks = [asyncio.create_task(sleeper(name, ms(delay))) for name, delay in (("A", 20), ("B", 10), ("C", 30))]
    for task in tasks:
        await task
    trace(await asyncio.sleep(ms(10), "value"), now())


@scenario()
async def loop_timer_and_sleep_of_one_time():
    # The timers are due together; that of the sleeper was made first. It runs a turn after it.
    loop = asyncio.get_running_loop()

    async def sleeper():
        await asyncio.sleep(ms(10))
        trace("sleeper")

    task = asyncio.create_task(sleeper())
    await asyncio.sleep(0)
    loop.call_later(ms(10), lambda: (trace("timer"), ticks(3)))
    await task


@scenario()
async def loop_handler_that_throws():
    loop = asyncio.get_running_loop()

    def bad():
        raise Oops("bad")

    def handler(_loop, context):
        trace("handler of", error(context["exception"]))
        raise Oops("handler")

    loop.set_exception_handler(handler)
    loop.call_soon(bad)
    loop.call_soon(trace, "goes on")
    await asyncio.sleep(0)


@scenario()
def loop_stop_ends_after_the_turn():
    loop = new_loop()

    def stopper():
        trace("stop")
        loop.stop()
        loop.call_soon(trace, "late")

    loop.call_soon(trace, "before")
    loop.call_soon(stopper)
    loop.call_soon(trace, "after")
    loop.run_forever()
    trace("stopped")
    loop.call_soon(loop.stop)
    loop.run_forever()
    trace("stopped again")
    loop.close()


@scenario()
def loop_stopped_before_it_runs():
    loop = new_loop()
    loop.call_soon(trace, "callback")
    loop.call_later(ms(10), trace, "timer")
    loop.stop()
    loop.run_forever()
    trace("one turn")
    loop.close()


@scenario()
def loop_run_until_complete_several_times():
    loop = new_loop()

    async def child(n):
        await asyncio.sleep(ms(10))
        trace("child", n, "at", now())
        return n

    trace("got", loop.run_until_complete(child(1)))
    left = loop.create_task(child(2))
    trace("got", loop.run_until_complete(child(3)))
    trace("left done", left.done())
    trace("got", loop.run_until_complete(left))
    trace("got", loop.run_until_complete(left))
    loop.close()


@scenario()
def loop_run_until_complete_stopped():
    loop = new_loop()
    future = loop.create_future()
    loop.call_soon(loop.stop)
    try:
        loop.run_until_complete(future)
    except RuntimeError:
        trace("got", error(), future.done())
    loop.call_soon(future.set_result, 1)
    trace("got", loop.run_until_complete(future))
    loop.close()


@scenario()
def loop_run_until_complete_of_what_fails():
    loop = new_loop()

    async def child():
        await asyncio.sleep(0)
        raise Oops("child")

    try:
        loop.run_until_complete(child())
    except Oops:
        trace("got", error())
    loop.call_soon(trace, "goes on")
    loop.run_until_complete(turns(1))
    loop.close()


@scenario()
def loop_callback_left_by_run_until_complete():
    loop = new_loop()

    async def child():
        loop.call_soon(trace, "one")
        loop.call_soon(lambda: loop.call_soon(trace, "two"))
        loop.call_soon(lambda: loop.call_soon(loop.call_soon, trace, "three"))

    loop.run_until_complete(child())
    trace("ended")
    loop.run_until_complete(turns(3))
    loop.close()


@scenario()
def loop_fatal_exception_leaves_it_usable():
    loop = new_loop()

    def fatal():
        trace("fatal")
        raise KeyboardInterrupt

    loop.call_soon(trace, "before")
    loop.call_soon(fatal)
    loop.call_soon(trace, "after")
    try:
        loop.run_forever()
    except KeyboardInterrupt:
        trace("got", error())
    loop.call_soon(loop.stop)
    loop.run_forever()
    trace("ended")
    loop.close()


@scenario()
def loop_fatal_exception_of_a_task():
    loop = new_loop()

    async def fatal():
        await asyncio.sleep(0)
        raise SystemExit

    async def other():
        await asyncio.sleep(0)
        trace("other goes on")

    task = loop.create_task(fatal())
    second = loop.create_task(other())
    try:
        loop.run_forever()
    except SystemExit:
        trace("got", error(), task.done(), second.done())
    loop.run_until_complete(second)
    try:
        task.result()
    except SystemExit:
        trace("the task has", error())
    loop.close()


@scenario()
def loop_in_a_loop_is_refused():
    loop = new_loop()
    other = new_loop()

    def nested():
        for inner in (loop, other):
            try:
                inner.run_forever()
            except RuntimeError:
                trace("refused", error())
        try:
            loop.close()
        except RuntimeError:
            trace("close refused", error())
        loop.stop()

    loop.call_soon(nested)
    loop.run_forever()
    loop.close()
    other.close()


@scenario()
def loop_closed_refuses_all():
    loop = new_loop()
    loop.close()
    loop.close()
    trace("closed", loop.is_closed())
    for call in (lambda: loop.call_soon(trace, "never"), lambda: loop.call_later(1, trace, "never"), loop.run_forever):
        try:
            call()
        except RuntimeError:
            trace("refused", error())


@scenario()
def loop_nobody_runs():
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        trace("refused", error())
    loop = new_loop()
    loop.call_soon(lambda: trace("running", asyncio.get_running_loop() is loop))
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()
