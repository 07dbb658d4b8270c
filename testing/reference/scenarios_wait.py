# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""wait."""

import asyncio

from reference import Oops, error, ms, now, scenario, ticks, trace, turns


async def give(name, delay, value):
    try:
        await asyncio.sleep(delay)
        trace(name, "ends at", now())
        return value
    except asyncio.CancelledError:
        trace(name, "got", error(), "at", now())
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


async def tell_wait(name, tasks, **options):
    done, pending = await asyncio.wait(tasks, **options)
    trace(name, "done", [n for n, task in enumerate(tasks, 1) if task in done],
          "pending", [n for n, task in enumerate(tasks, 1) if task in pending], "at", now())


def three():
    return [asyncio.create_task(give("A", ms(10), 1)), asyncio.create_task(fail("B", ms(20))),
            asyncio.create_task(give("C", ms(30), 3))]


@scenario()
async def wait_for_all():
    tasks = three()
    await tell_wait("main", tasks)
    trace(error(tasks[1].exception()))


@scenario()
async def wait_for_the_first():
    tasks = three()
    await tell_wait("main", tasks, return_when=asyncio.FIRST_COMPLETED)
    await tell_wait("main", tasks[1:], return_when=asyncio.FIRST_COMPLETED)
    await tasks[2]
    trace(error(tasks[1].exception()))


@scenario()
async def wait_for_the_first_exception():
    tasks = three()
    await tell_wait("main", tasks, return_when=asyncio.FIRST_EXCEPTION)
    trace(error(tasks[1].exception()))
    await tasks[2]


@scenario()
async def wait_cancelled_child_is_no_exception():
    tasks = [asyncio.create_task(give("A", ms(30), 1)), asyncio.create_task(give("B", ms(30), 2))]
    asyncio.get_running_loop().call_later(ms(10), tasks[0].cancel)
    await tell_wait("main", tasks, return_when=asyncio.FIRST_EXCEPTION)


@scenario()
async def wait_with_a_timeout():
    tasks = three()
    await tell_wait("main", tasks, timeout=ms(15))
    await tell_wait("main", tasks, timeout=0)
    await tell_wait("main", tasks)
    trace(error(tasks[1].exception()))


@scenario()
async def wait_of_what_is_done():
    tasks = [asyncio.create_task(give("A", 0, 1)), asyncio.create_task(give("B", ms(10), 2))]
    await turns(3)
    ticks(3)
    await tell_wait("main", tasks, return_when=asyncio.FIRST_COMPLETED)
    await tell_wait("main", tasks[:1])
    trace("no turn was needed")
    await tasks[1]


@scenario()
async def wait_wakes_two_turns_after_the_last():
    tasks = [asyncio.create_task(give("A", 0, 1)), asyncio.create_task(give("B", 0, 2))]
    ticks(6)
    await tell_wait("main", tasks)


@scenario()
async def wait_cancelled():
    tasks = [asyncio.create_task(give("A", ms(10), 1)), asyncio.create_task(give("B", ms(10), 2))]
    waiter = asyncio.create_task(outcome("waiter", tell_wait("inner", tasks)))
    await turns(2)
    waiter.cancel("wait only")
    ticks(2)
    await waiter
    trace(tasks[0].done(), tasks[1].done())
    await tell_wait("main", tasks)


@scenario()
async def wait_cancelled_in_the_turn_of_the_last():
    future = asyncio.get_running_loop().create_future()
    waiter = asyncio.create_task(outcome("waiter", tell_wait("inner", [future])))
    await turns(2)
    future.set_result(1)
    await asyncio.sleep(0)
    trace("cancel", waiter.cancel("late"))
    await waiter


@scenario()
async def wait_cancelled_in_the_turn_before():
    future = asyncio.get_running_loop().create_future()
    waiter = asyncio.create_task(outcome("waiter", tell_wait("inner", [future])))
    await turns(2)
    future.set_result(1)
    trace("cancel", waiter.cancel("late"))
    await waiter


@scenario()
async def wait_sees_all_that_are_done_by_then():
    loop = asyncio.get_running_loop()
    futures = [loop.create_future() for _ in range(3)]
    waiter = asyncio.create_task(tell_wait("waiter", futures, return_when=asyncio.FIRST_COMPLETED))
    await turns(2)
    futures[1].set_result(1)
    await asyncio.sleep(0)
    futures[2].set_result(2)
    await waiter
    futures[0].cancel()


@scenario()
async def wait_of_nothing():
    try:
        await asyncio.wait([])
    except ValueError:
        trace("refused", error())
