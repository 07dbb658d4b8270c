# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Cancellation: tasks that cancel themselves, and cancels that are taken back."""

import asyncio

from reference import Oops, error, now, scenario, ticks, trace


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
async def cancel_of_oneself_and_then_await():
    async def child():
        trace("cancel", asyncio.current_task().cancel("me"))
        done = asyncio.get_running_loop().create_future()
        done.set_result(1)
        trace("a done one", await done)
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            trace("got", error())
            raise

    ticks(4)
    task = asyncio.create_task(child())
    await outcome("child", task)


@scenario()
async def cancel_of_oneself_and_then_return():
    async def child():
        asyncio.current_task().cancel("me")
        trace("returns")
        return 1

    task = asyncio.create_task(child())
    await outcome("child", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def cancel_of_oneself_and_then_throw():
    async def child():
        asyncio.current_task().cancel("me")
        raise Oops("thrown")

    task = asyncio.create_task(child())
    await outcome("child", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def cancel_of_oneself_and_then_a_task():
    async def child(inner):
        asyncio.current_task().cancel("me")
        try:
            await inner
        except asyncio.CancelledError:
            trace("child got", error(), "inner cancelled", inner.cancelled())
            raise

    inner = asyncio.create_task(sleeper("inner", 1))
    await asyncio.sleep(0)
    task = asyncio.create_task(child(inner))
    ticks(5)
    await outcome("child", task)
    await outcome("inner", inner)


@scenario()
async def cancel_by_a_task_that_is_awaited():
    async def inner(outer):
        trace("cancel", outer[0].cancel("by inner"))
        try:
            await asyncio.sleep(0)
            trace("inner goes on")
        except asyncio.CancelledError:
            trace("inner got", error())
            raise

    async def outer(tasks):
        i = asyncio.create_task(inner(tasks))
        try:
            await i
        except asyncio.CancelledError:
            trace("outer got", error(), asyncio.current_task().cancelling(), i.cancelling())
            raise

    tasks = []
    tasks.append(asyncio.create_task(outer(tasks)))
    await outcome("outer", tasks[0])
    tasks.clear()


@scenario(since="3.13", expected="""
    cancelling 1
    uncancel 0
    child was not cancelled
    child finished
    main returned
""")
async def cancel_taken_back_before_it_was_delivered():
    async def child():
        await asyncio.sleep(0)
        trace("child was not cancelled")

    task = asyncio.create_task(child())
    task.cancel()
    trace("cancelling", task.cancelling())
    trace("uncancel", task.uncancel())
    await outcome("child", task)


@scenario()
async def cancel_taken_back_once_of_two():
    async def child():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("got", error(), asyncio.current_task().cancelling())
            raise

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel("one")
    task.cancel("two")
    trace("uncancel", task.uncancel())
    await outcome("child", task)
    trace(task.uncancel(), task.uncancel(), task.cancelling())


@scenario()
async def cancel_taken_back_after_a_waiter_was_cancelled():
    async def child():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("got", error(), asyncio.current_task().cancelling())

    task = asyncio.create_task(child())
    await asyncio.sleep(0)
    task.cancel("gone")
    trace("uncancel", task.uncancel())
    await outcome("child", task)
