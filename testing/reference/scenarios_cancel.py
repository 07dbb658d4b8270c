# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Cancellation: what a cancel meets in each state of a task."""

import asyncio

from reference import Oops, error, ms, now, scenario, ticks, trace, turns


async def sleeper(name, delay):
    try:
        await asyncio.sleep(delay)
        trace(name, "slept until", now())
    except asyncio.CancelledError:
        trace(name, "got", error(), "at", now())
        raise


async def outcome(name, task):
    try:
        await task
        trace(name, "finished")
    except BaseException:
        trace(name, "ended with", error())


@scenario()
async def cancel_before_the_first_step():
    task = asyncio.create_task(sleeper("A", 0))
    trace("cancel", task.cancel("early"), task.done(), task.cancelling())
    ticks(3)
    await outcome("A", task)
    trace(task.cancelled())


@scenario()
async def cancel_twice_before_the_first_step():
    task = asyncio.create_task(sleeper("A", 0))
    trace(task.cancel("one"), task.cancel("two"), task.cancelling())
    await outcome("A", task)


@scenario()
async def cancel_asks_only():
    task = asyncio.create_task(sleeper("A", ms(50)))
    await asyncio.sleep(0)
    trace("cancel", task.cancel("now"), task.done())
    ticks(3)
    await outcome("A", task)
    trace("cancel a done one", task.cancel(), task.cancelling())


@scenario()
async def cancel_in_the_turn_the_sleep_ends():
    # The timer of main is older: it runs before the one of A, in another turn.
    a = asyncio.create_task(sleeper("A", ms(10)))
    await asyncio.sleep(0)
    asyncio.get_running_loop().call_later(ms(10), lambda: trace("cancel", a.cancel(), "at", now()))
    await outcome("A", a)
    trace("cancelling", a.cancelling(), a.cancelled())


@scenario()
async def cancel_after_wake_up_of_sleep_zero():
    async def child():
        try:
            await asyncio.sleep(0)
            trace("child goes on")
        except asyncio.CancelledError:
            trace("child got", error())
            raise

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    trace("cancel", task.cancel("too late?"))
    await outcome("child", task)


@scenario()
async def cancel_while_the_awaited_task_has_ended():
    async def inner():
        await asyncio.sleep(0)
        trace("inner ends")
        return 1

    async def outer(task):
        try:
            trace("outer got", await task)
        except asyncio.CancelledError:
            trace("outer got", error())
            raise

    i = asyncio.create_task(inner())
    o = asyncio.create_task(outer(i))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    trace("inner done", i.done(), "outer done", o.done())
    trace("cancel", o.cancel("late"))
    await outcome("outer", o)
    trace("inner's result", i.result())


@scenario()
async def cancel_goes_through_a_chain_of_tasks():
    async def link(name, task):
        try:
            await task
        except asyncio.CancelledError:
            trace(name, "got", error())
            raise

    a = asyncio.create_task(sleeper("A", 1))
    b = asyncio.create_task(link("B", a))
    c = asyncio.create_task(link("C", b))
    await turns(2)
    trace("cancel", c.cancel("all"))
    ticks(6)
    await outcome("C", c)
    trace(a.cancelling(), b.cancelling(), c.cancelling())


@scenario()
async def cancel_of_the_middle_of_a_chain():
    async def link(name, task):
        try:
            await task
        except asyncio.CancelledError:
            trace(name, "got", error(), "cancelling", asyncio.current_task().cancelling())
        trace(name, "goes on")

    a = asyncio.create_task(sleeper("A", 1))
    b = asyncio.create_task(link("B", a))
    c = asyncio.create_task(link("C", b))
    await turns(2)
    trace("cancel", a.cancel("A alone"))
    await outcome("C", c)
    trace(a.cancelled(), b.cancelled(), c.cancelled())


@scenario()
async def cancel_waits_for_the_cleanup_of_the_inner_task():
    async def inner():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("inner got", error())
        await asyncio.sleep(ms(20))
        trace("inner has cleaned up at", now())

    async def outer(task):
        try:
            await task
            trace("outer goes on, cancelling", asyncio.current_task().cancelling())
        except asyncio.CancelledError:
            trace("outer got", error())
            raise

    i = asyncio.create_task(inner())
    o = asyncio.create_task(outer(i))
    await turns(2)
    o.cancel("end")
    await outcome("outer", o)
    trace(o.cancelled(), o.cancelling(), i.cancelled())


@scenario()
async def cancel_twice_during_the_cleanup():
    async def child():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("first", error())
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("second", error())
        await asyncio.sleep(ms(10))
        trace("cancelling", asyncio.current_task().cancelling())

    task = asyncio.create_task(child())
    await asyncio.sleep(ms(10))
    task.cancel("one")
    await asyncio.sleep(ms(10))
    task.cancel("two")
    await outcome("child", task)
    trace(task.cancelled(), now())


@scenario()
async def cancel_twice_in_one_turn_throws_once():
    async def child():
        for n in range(3):
            try:
                await asyncio.sleep(ms(10))
                trace("slept", n)
            except asyncio.CancelledError:
                trace("got", error(), "cancelling", asyncio.current_task().cancelling())

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    trace(task.cancel("one"), task.cancel("two"))
    await outcome("child", task)


@scenario()
async def cancel_swallowed_three_times():
    async def child():
        for n in range(3):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                trace("swallowed", error())
        return 7

    task = asyncio.create_task(child())
    for n in range(3):
        await asyncio.sleep(0)
        trace("cancel", task.cancel(f"no {n}"), task.cancelling())
    await outcome("child", task)
    trace(task.result(), task.cancelling(), task.cancelled())


@scenario()
async def cancel_replaced_by_an_exception():
    async def child():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise Oops("instead")

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel()
    await outcome("child", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def cancel_thrown_by_the_body():
    async def child():
        await asyncio.sleep(0)
        raise asyncio.CancelledError("own")

    task = asyncio.create_task(child())
    await outcome("child", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def cancel_unwinds_from_the_inside():
    async def level(n):
        try:
            if n:
                await level(n - 1)
            else:
                await asyncio.sleep(1)
        finally:
            trace("leaves", n)

    task = asyncio.create_task(level(3))
    await asyncio.sleep(0)
    task.cancel("out")
    await outcome("task", task)


@scenario()
async def cancel_order_of_several_is_that_of_the_cancels():
    tasks = [asyncio.create_task(sleeper(name, 1)) for name in ("A", "B", "C")]
    await asyncio.sleep(0)
    for task in reversed(tasks):
        task.cancel()
    for task in tasks:
        await outcome("one", task)


@scenario()
async def cancel_among_ready_tasks_goes_last():
    async def child(name):
        for n in range(2):
            try:
                await asyncio.sleep(0)
                trace(name, n)
            except asyncio.CancelledError:
                trace(name, "got", error())
                raise

    a = asyncio.create_task(child("A"))
    b = asyncio.create_task(child("B"))
    c = asyncio.create_task(sleeper("C", 1))
    await asyncio.sleep(0)
    c.cancel()
    a.cancel()
    ticks(3)
    await outcome("A", a)
    await outcome("B", b)
    await outcome("C", c)


@scenario()
async def cancel_from_a_done_callback_of_what_is_awaited():
    future = asyncio.get_running_loop().create_future()

    async def child():
        try:
            trace("child got", await future)
        except asyncio.CancelledError:
            trace("child got", error())
            raise

    tasks = []
    future.add_done_callback(lambda f: trace("cancel", tasks[0].cancel("by callback")))
    tasks.append(asyncio.create_task(child()))
    await asyncio.sleep(0)
    future.set_result(1)
    await outcome("child", tasks[0])


@scenario()
async def cancel_and_set_by_the_same_callback():
    future = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(outcome("child", future))

    def both():
        trace("cancel", task.cancel("first"))
        trace("future done", future.done(), future.cancelled())

    await asyncio.sleep(0)
    asyncio.get_running_loop().call_soon(both)
    ticks(3)
    await task
    trace(task.cancelled(), task.cancelling())


@scenario()
async def cancel_message_goes_up_to_the_awaiter():
    async def inner():
        await asyncio.sleep(1)

    async def outer():
        i = asyncio.create_task(inner())
        await asyncio.sleep(0)
        i.cancel("for inner")
        await i

    task = asyncio.create_task(outer())
    await outcome("outer", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def cancel_of_a_coroutine_that_never_suspends():
    async def child():
        for n in range(3):
            future = asyncio.get_running_loop().create_future()
            future.set_result(n)
            trace("got", await future)

    async def canceller(tasks):
        trace("cancel", tasks[0].cancel())

    tasks = []
    tasks.append(asyncio.create_task(child()))
    c = asyncio.create_task(canceller(tasks))
    await c
    await outcome("child", tasks[0])


@scenario()
async def cancel_of_a_future_and_then_of_its_awaiter():
    future = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(outcome("child", future))
    await asyncio.sleep(0)
    trace("cancel", future.cancel("of the future"), task.cancel("of the task"))
    ticks(3)
    await task
    trace(task.cancelled(), task.cancelling())
