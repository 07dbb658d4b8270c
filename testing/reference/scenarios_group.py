# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""TaskGroup: children that fail, bodies that fail, and cancels from everywhere."""

import asyncio

from reference import Oops, error, ms, now, scenario, ticks, trace, turns


async def give(name, delay):
    try:
        await asyncio.sleep(delay)
        trace(name, "ends at", now())
    except asyncio.CancelledError:
        trace(name, "was cancelled at", now())
        raise


async def fail(name, delay):
    await asyncio.sleep(delay)
    trace(name, "fails at", now())
    raise Oops(name)


async def outcome(name, awaitable):
    try:
        await awaitable
        trace(name, "finished at", now())
    except BaseException:
        trace(name, "ended with", error(), "at", now(), "cancelling", asyncio.current_task().cancelling())


@scenario()
async def group_waits_for_all():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("A", ms(20)))
            group.create_task(give("B", ms(10)))
            trace("body ends")

    await outcome("group", body())


@scenario()
async def group_leaves_when_the_last_child_is_done():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("A", 0))
            group.create_task(give("B", 0))

    ticks(6)
    await outcome("group", body())


@scenario()
async def group_of_nothing_needs_no_turn():
    async def body():
        async with asyncio.TaskGroup():
            trace("body")

    ticks(2)
    await outcome("group", body())


@scenario()
async def group_of_children_that_are_done_needs_no_turn():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("A", 0))
            await turns(4)
            ticks(2)
            trace("body ends")

    await outcome("group", body())


@scenario()
async def group_child_fails_while_the_body_waits():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("A", ms(10)))
            group.create_task(give("B", ms(20)))
            await give("body", ms(30))

    await outcome("group", body())


@scenario(since="3.13", expected="""
    A fails at 10ms
    B was cancelled at 10ms
    group ended with ExceptionGroup(Oops('A')) at 10ms cancelling 0
    main returned
""")
async def group_child_fails_while_it_waits_for_all():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("A", ms(10)))
            group.create_task(give("B", ms(20)))

    await outcome("group", body())


@scenario()
async def group_body_fails():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("A", ms(10)))
            await asyncio.sleep(0)
            raise Oops("body")

    await outcome("group", body())


@scenario()
async def group_body_fails_before_a_child_has_begun():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("never", 0))
            raise Oops("body")

    ticks(4)
    await outcome("group", body())


@scenario()
async def group_child_and_body_fail():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("A", ms(10)))
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                trace("body was cancelled at", now())
                raise Oops("body")

    await outcome("group", body())


@scenario(since="3.13", expected="""
    A fails at 0ms
    C fails at 0ms
    B was cancelled
    group ended with ExceptionGroup(Oops('A'), Oops('C'), Oops('B')) at 0ms cancelling 0
    main returned
""")
async def group_children_fail_one_after_another():
    async def cleanup(name):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace(name, "was cancelled")
            raise Oops(name)

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("A", 0))
            group.create_task(cleanup("B"))
            group.create_task(fail("C", 0))

    await outcome("group", body())


@scenario()
async def group_child_that_is_cancelled_is_no_failure():
    async def body():
        async with asyncio.TaskGroup() as group:
            a = group.create_task(give("A", ms(20)))
            group.create_task(give("B", ms(30)))
            await asyncio.sleep(ms(10))
            a.cancel("A alone")
            trace("body ends")

    await outcome("group", body())


@scenario()
async def group_body_awaits_a_child_that_fails():
    async def body():
        async with asyncio.TaskGroup() as group:
            a = group.create_task(fail("A", ms(10)))
            try:
                await a
            except BaseException:
                trace("body got", error())
                raise

    await outcome("group", body())


@scenario()
async def group_body_swallows_its_cancel():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("A", ms(10)))
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                trace("swallowed, cancelling", asyncio.current_task().cancelling())
            await asyncio.sleep(ms(10))
            trace("body ends at", now())

    await outcome("group", body())


@scenario()
async def group_cancelled_in_the_body():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("A", 1))
            await give("body", 1)

    task = asyncio.create_task(body())
    await asyncio.sleep(ms(10))
    task.cancel("outside")
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def group_cancelled_while_it_waits():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("A", 1))

    task = asyncio.create_task(body())
    await asyncio.sleep(ms(10))
    task.cancel("outside")
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def group_cancelled_twice_while_a_child_cleans_up():
    async def slow():
        for n in range(2):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                trace("slow was cancelled", n, "at", now())
        await asyncio.sleep(ms(10))
        trace("slow ends at", now())

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(slow())

    task = asyncio.create_task(body())
    await asyncio.sleep(ms(10))
    task.cancel("one")
    await asyncio.sleep(ms(10))
    task.cancel("two")
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def group_cancelled_while_a_child_fails():
    async def bad():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise Oops("bad")

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(bad())

    task = asyncio.create_task(body())
    await asyncio.sleep(ms(10))
    task.cancel("outside")
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def group_cancel_and_failure_in_one_turn():
    future = asyncio.get_running_loop().create_future()

    async def child():
        await future

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            await asyncio.sleep(1)

    task = asyncio.create_task(body())
    await turns(3)
    future.set_exception(Oops("child"))
    await asyncio.sleep(0)
    task.cancel("outside")
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario(since="3.13", expected="""
    A fails at 10ms
    body got ExceptionGroup(Oops('A')) cancelling 1
    then CancelledError()
    task finished at 10ms
    main returned
""")
async def group_failure_leaves_the_cancel_for_the_next_await():
    async def body():
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(fail("A", ms(10)))
                await asyncio.sleep(ms(10))
                asyncio.current_task().cancel("outside")
                await asyncio.sleep(1)
        except BaseException:
            trace("body got", error(), "cancelling", asyncio.current_task().cancelling())
        try:
            await asyncio.sleep(0)
            trace("goes on")
        except asyncio.CancelledError:
            trace("then", error())

    await outcome("task", asyncio.create_task(body()))


@scenario()
async def group_children_of_children():
    async def parent(group, name, depth):
        trace(name, "at", now())
        await asyncio.sleep(ms(10))
        if depth:
            group.create_task(parent(group, name + "+", depth - 1))

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(parent(group, "A", 2))

    await outcome("group", body())


@scenario()
async def group_refuses_when_it_is_over():
    groups = []

    async def never():
        trace("never")

    async def body():
        async with asyncio.TaskGroup() as group:
            groups.append(group)
            group.create_task(give("A", ms(10)))

    await outcome("group", body())
    coroutine = never()
    try:
        groups[0].create_task(coroutine)
    except RuntimeError:
        trace("refused", error())
    coroutine.close()


@scenario(since="3.13", expected="""
    A fails at 10ms
    refused RuntimeError
    group ended with ExceptionGroup(Oops('A')) at 10ms cancelling 0
    main returned
""")
async def group_refuses_while_it_is_shut_down():
    async def late(group):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            coroutine = give("never", 0)
            try:
                group.create_task(coroutine)
            except RuntimeError:
                trace("refused", error())
            coroutine.close()
            raise

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(late(group))
            group.create_task(fail("A", ms(10)))

    await outcome("group", body())


@scenario()
async def group_in_a_group_inner_child_fails():
    async def inner():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("inner child", ms(10)))
            await give("inner body", 1)

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("outer child", 1))
            await inner()

    await outcome("group", body())


@scenario()
async def group_in_a_group_outer_child_fails():
    async def inner():
        async with asyncio.TaskGroup() as group:
            group.create_task(give("inner child", 1))
            await give("inner body", 1)

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("outer child", ms(10)))
            await inner()

    await outcome("group", body())


@scenario()
async def group_in_a_timeout():
    async def body():
        async with asyncio.timeout(ms(10)):
            async with asyncio.TaskGroup() as group:
                group.create_task(give("A", 1))

    await outcome("group", body())


@scenario()
async def group_with_a_timeout_in_a_child():
    async def child():
        async with asyncio.timeout(ms(10)):
            await give("child", 1)

    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(child())
            await give("body", 1)

    await outcome("group", body())


@scenario(since="3.13", expected="""
    -- turn 1
    -- turn 2
    A fails at 0ms
    body ends
    -- turn 3
    -- turn 4
    group ended with ExceptionGroup(Oops('A')) at 0ms cancelling 0
    main returned
""")
async def group_fails_in_the_turn_the_body_ends():
    async def body():
        async with asyncio.TaskGroup() as group:
            group.create_task(fail("A", 0))
            await turns(2)
            trace("body ends")

    ticks(5)
    await outcome("group", body())


@scenario()
async def group_results_are_in_the_tasks():
    async def value(n):
        await asyncio.sleep(0)
        return n

    async with asyncio.TaskGroup() as group:
        a = group.create_task(value(1))
        b = group.create_task(value(2))
    trace(a.result(), b.result())
