# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""as_completed."""

import asyncio

from reference import Oops, error, ms, now, scenario, ticks, trace, turns


async def give(name, delay):
    try:
        await asyncio.sleep(delay)
        return name
    except asyncio.CancelledError:
        trace(name, "was cancelled at", now())
        raise


async def fail(name, delay):
    await asyncio.sleep(delay)
    raise Oops(name)


def three():
    return [asyncio.create_task(give("A", ms(30))), asyncio.create_task(give("B", ms(10))),
            asyncio.create_task(give("C", ms(20)))]


@scenario()
async def as_completed_in_order_of_completion():
    for following in asyncio.as_completed(three()):
        trace("got", await following, "at", now())


@scenario()
async def as_completed_with_a_failure():
    tasks = three()
    tasks[2] = asyncio.create_task(fail("D", ms(15)))
    for following in asyncio.as_completed(tasks):
        try:
            trace("got", await following, "at", now())
        except Oops:
            trace("got", error(), "at", now())


@scenario()
async def as_completed_with_a_timeout():
    tasks = three()
    for following in asyncio.as_completed(tasks, timeout=ms(15)):
        try:
            trace("got", await following, "at", now())
        except asyncio.TimeoutError:
            trace("got", error(), "at", now())
    trace("left", tasks[0].done(), tasks[1].done(), tasks[2].done())
    await tasks[0]
    trace("ended at", now())


@scenario()
async def as_completed_wakes_two_turns_after_a_child():
    tasks = [asyncio.create_task(give("A", 0)), asyncio.create_task(give("B", 0))]
    ticks(5)
    for following in asyncio.as_completed(tasks):
        trace("got", await following)


@scenario()
async def as_completed_of_what_is_done():
    tasks = [asyncio.create_task(give("A", 0)), asyncio.create_task(give("B", ms(10)))]
    await turns(3)
    ticks(4)
    for following in asyncio.as_completed(tasks):
        trace("got", await following)


@scenario()
async def as_completed_of_nothing():
    for following in asyncio.as_completed([]):
        trace("never", await following)
    trace("ended")


@scenario()
async def as_completed_cancelled_awaiter():
    tasks = three()

    async def consumer():
        try:
            for following in asyncio.as_completed(tasks):
                trace("got", await following, "at", now())
        except asyncio.CancelledError:
            trace("consumer got", error(), "at", now())
            raise

    task = asyncio.create_task(consumer())
    await asyncio.sleep(ms(15))
    task.cancel("enough")
    await asyncio.sleep(ms(20))
    trace(task.cancelled(), tasks[0].done(), tasks[1].done(), tasks[2].done())


@scenario()
async def as_completed_child_cancelled():
    tasks = three()
    asyncio.get_running_loop().call_later(ms(5), tasks[2].cancel, "C alone")
    for following in asyncio.as_completed(tasks):
        try:
            trace("got", await following, "at", now())
        except asyncio.CancelledError:
            trace("got", error(), "at", now(), "cancelling", asyncio.current_task().cancelling())
