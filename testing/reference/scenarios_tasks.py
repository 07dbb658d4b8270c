# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Tasks: when they start, end and wake those who wait for them."""

import asyncio

from reference import Oops, error, ms, now, scenario, ticks, trace, turns


async def stepper(name, steps):
    for n in range(1, steps + 1):
        trace(name, "step", n)
        await asyncio.sleep(0)
    trace(name, "ends")
    return steps


@scenario()
async def task_start_order():
    a = asyncio.create_task(stepper("A", 2))
    b = asyncio.create_task(stepper("B", 1))
    trace("made")
    ticks(4)
    await asyncio.sleep(0)
    trace("main")
    await a
    await b
    trace("all done")


@scenario()
async def task_awaiter_wakes_a_turn_later():
    a = asyncio.create_task(stepper("A", 1))
    ticks(5)
    trace("got", await a)
    trace("again", await a)


@scenario()
async def task_done_callbacks_and_awaiters():
    async def child():
        await asyncio.sleep(0)
        trace("child ends")
        return 4

    async def waiter(name, task):
        trace(name, "got", await task)

    task = asyncio.create_task(child())
    a = asyncio.create_task(waiter("A", task))
    task.add_done_callback(lambda t: trace("callback 1", t.result(), t.done()))
    await asyncio.sleep(0)
    task.add_done_callback(lambda t: trace("callback 2", t.result()))
    b = asyncio.create_task(waiter("B", task))
    ticks(5)
    await a
    await b


@scenario()
async def task_coroutine_awaits_need_no_turn():
    async def inner():
        trace("inner")
        return 1

    async def outer():
        trace("outer")
        return await inner() + 1

    ticks(2)
    trace("got", await outer())
    await asyncio.sleep(0)
    trace("main")


@scenario()
async def task_exception_is_kept():
    async def child():
        await asyncio.sleep(0)
        raise Oops("child")

    task = asyncio.create_task(child())
    for _ in range(2):
        try:
            await task
        except Oops:
            trace("got", error())
    trace(error(task.exception()), task.cancelled())


@scenario()
async def task_exception_before_first_await():
    async def child():
        raise Oops("early")

    task = asyncio.create_task(child())
    ticks(3)
    trace("done", task.done())
    try:
        await task
    except Oops:
        trace("got", error())


@scenario()
async def task_exception_nobody_retrieves():
    async def child(name):
        raise Oops(name)

    a = asyncio.create_task(child("A"))
    b = asyncio.create_task(child("B"))
    await turns(2)
    trace(error(b.exception()))
    trace("drop")
    del a
    del b
    trace("end")


@scenario()
async def task_awaits_itself():
    tasks = []

    async def child():
        try:
            await tasks[0]
        except RuntimeError:
            trace("got", error())
        trace("goes on")

    tasks.append(asyncio.create_task(child()))
    await tasks[0]
    tasks.clear()


@scenario()
async def task_current_in_tasks_and_callbacks():
    def name_of(task):
        return "nobody" if task is None else task.get_name()

    def callback(*_):
        trace("callback in", name_of(asyncio.current_task()))

    async def child():
        trace("child in", name_of(asyncio.current_task()))
        asyncio.get_running_loop().call_soon(callback)
        await asyncio.sleep(0)
        trace("child in", name_of(asyncio.current_task()))

    asyncio.current_task().set_name("main")
    a = asyncio.create_task(child(), name="A")
    a.add_done_callback(callback)
    trace("main in", name_of(asyncio.current_task()))
    await a
    trace("main in", name_of(asyncio.current_task()))
    await turns(1)


@scenario()
async def task_all_tasks_has_the_unfinished():
    def names():
        return " ".join(sorted(task.get_name() for task in asyncio.all_tasks()))

    asyncio.current_task().set_name("main")
    a = asyncio.create_task(stepper("A", 0), name="A")
    b = asyncio.create_task(stepper("B", 1), name="B")
    c = asyncio.create_task(stepper("C", 9), name="C")
    trace("at first:", names())
    await asyncio.sleep(0)
    trace("after a turn:", names())
    await asyncio.sleep(0)
    c.cancel()
    trace("C asked to end:", names())
    await asyncio.sleep(0)
    trace("at last:", names())
    trace(a.done(), b.done(), c.cancelled())


@scenario()
async def task_tree_ends_from_the_leaves():
    async def node(name, depth):
        trace(name, "begins")
        if depth:
            left = asyncio.create_task(node(name + "l", depth - 1))
            right = asyncio.create_task(node(name + "r", depth - 1))
            await right
            await left
        trace(name, "ends")

    ticks(9)
    await node("t", 2)


@scenario()
async def task_detached_runs_on():
    async def child():
        await asyncio.sleep(ms(20))
        trace("child ends at", now())

    keep = [asyncio.create_task(child())]
    trace("made")
    await asyncio.sleep(ms(30))
    trace("main ends at", now(), len(keep))


@scenario()
async def task_made_by_a_task_and_awaited_by_another():
    made = asyncio.get_running_loop().create_future()

    async def maker():
        made.set_result(asyncio.create_task(stepper("child", 2)))
        trace("maker ends")

    async def waiter():
        child = await made
        trace("waiter has the child")
        trace("waiter got", await child)

    a = asyncio.create_task(maker())
    b = asyncio.create_task(waiter())
    ticks(7)
    await b
    await a


@scenario()
async def task_results_in_the_same_turn():
    async def child(name):
        await asyncio.sleep(0)
        trace(name, "ends")
        return name

    async def waiter(tasks):
        for task in tasks:
            trace("waiter got", await task)

    tasks = [asyncio.create_task(child(name)) for name in ("A", "B", "C")]
    w = asyncio.create_task(waiter(tasks))
    ticks(5)
    await w
    trace("main")


@scenario()
async def task_is_not_settable():
    task = asyncio.create_task(stepper("A", 1))
    try:
        task.set_result(1)
    except RuntimeError:
        trace("refused")
    trace("got", await task)


@scenario()
async def task_done_callback_of_a_done_task():
    task = asyncio.create_task(stepper("A", 0))
    await task
    ticks(2)
    task.add_done_callback(lambda t: trace("callback", t.result()))
    trace("added")
    await turns(2)


@scenario()
async def task_callback_cancels_another_task():
    async def sleeper(name, delay):
        try:
            await asyncio.sleep(delay)
            trace(name, "slept")
        except asyncio.CancelledError:
            trace(name, "got", error())
            raise

    a = asyncio.create_task(sleeper("A", ms(10)))
    b = asyncio.create_task(sleeper("B", ms(20)))
    a.add_done_callback(lambda t: trace("cancel", b.cancel("by A")))
    try:
        await b
    except asyncio.CancelledError:
        trace("main got", error(), "at", now())
