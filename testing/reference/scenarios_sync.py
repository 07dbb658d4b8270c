# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Lock, Event and Semaphore: who is next."""

import asyncio

from reference import Oops, error, scenario, ticks, trace, turns


async def user(name, lock):
    try:
        await lock.acquire()
    except asyncio.CancelledError:
        trace(name, "got", error())
        raise
    trace(name, "has it")
    await asyncio.sleep(0)
    trace(name, "gives it back")
    lock.release()


def users(lock, names):
    return [asyncio.create_task(user(name, lock)) for name in names]


async def join(tasks):
    for n, task in enumerate(tasks, 1):
        try:
            await task
        except BaseException:
            trace("task", n, "ended with", error())


@scenario()
async def lock_is_first_come_first_served():
    lock = asyncio.Lock()
    tasks = users(lock, "ABC")
    ticks(8)
    await join(tasks)
    trace(lock.locked())


@scenario()
async def lock_free_does_not_suspend():
    lock = asyncio.Lock()
    ticks(1)
    await lock.acquire()
    trace("locked", lock.locked())
    lock.release()
    async with lock:
        trace("locked", lock.locked())
    trace("locked", lock.locked())


@scenario()
async def lock_is_not_locked_on_its_way():
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = users(lock, "AB")
    await turns(2)
    lock.release()
    trace("locked", lock.locked())
    await join(tasks)


@scenario()
async def lock_is_not_overtaken():
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = users(lock, "AB")
    await turns(2)
    lock.release()
    trace("main asks")
    await lock.acquire()
    trace("main has it")
    lock.release()
    await join(tasks)


@scenario()
async def lock_cancelled_waiter_in_the_line():
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = users(lock, "ABC")
    await turns(2)
    tasks[1].cancel("not B")
    lock.release()
    await join(tasks)


@scenario()
async def lock_cancelled_after_it_was_handed_over():
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = users(lock, "ABC")
    await turns(2)
    lock.release()
    trace("cancel", tasks[0].cancel("too late"))
    ticks(6)
    await join(tasks)
    trace(lock.locked())


@scenario()
async def lock_cancelled_before_it_is_released():
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = users(lock, "ABC")
    await turns(2)
    tasks[0].cancel("early")
    lock.release()
    ticks(6)
    await join(tasks)
    trace(lock.locked())


@scenario()
async def lock_all_waiters_cancelled():
    lock = asyncio.Lock()
    await lock.acquire()
    tasks = users(lock, "AB")
    await turns(2)
    lock.release()
    for task in tasks:
        task.cancel()
    trace("locked", lock.locked())
    await lock.acquire()
    trace("main has it")
    await join(tasks)
    lock.release()


@scenario()
async def lock_released_in_the_turn_of_the_cancel_of_the_holder():
    lock = asyncio.Lock()

    async def holder():
        async with lock:
            trace("holder has it")
            await asyncio.sleep(1)

    h = asyncio.create_task(holder())
    tasks = users(lock, "AB")
    await turns(2)
    h.cancel("go")
    ticks(5)
    await join([h] + tasks)


@scenario()
async def lock_release_of_a_free_one():
    lock = asyncio.Lock()
    try:
        lock.release()
    except RuntimeError:
        trace("refused", error())


@scenario()
async def lock_released_and_taken_again_in_one_step():
    lock = asyncio.Lock()

    async def greedy():
        for n in range(3):
            await lock.acquire()
            trace("greedy has it", n)
            await asyncio.sleep(0)
            lock.release()

    g = asyncio.create_task(greedy())
    tasks = users(lock, "A")
    await join([g] + tasks)


async def waiter(name, event):
    try:
        await event.wait()
        trace(name, "woke, set", event.is_set())
    except asyncio.CancelledError:
        trace(name, "got", error())
        raise


@scenario()
async def event_set_and_cleared_wakes_all():
    event = asyncio.Event()
    tasks = [asyncio.create_task(waiter(name, event)) for name in "ABC"]
    await turns(2)
    event.set()
    event.clear()
    late = asyncio.create_task(waiter("late", event))
    ticks(3)
    await join(tasks)
    event.set()
    await late


@scenario()
async def event_that_is_set_does_not_suspend():
    event = asyncio.Event()
    event.set()
    ticks(1)
    await waiter("main", event)
    await waiter("main", event)


@scenario()
async def event_cancelled_after_set():
    event = asyncio.Event()
    tasks = [asyncio.create_task(waiter(name, event)) for name in "AB"]
    await turns(2)
    event.set()
    trace("cancel", tasks[0].cancel("late"))
    await join(tasks)


@scenario()
async def event_cancelled_before_set():
    event = asyncio.Event()
    tasks = [asyncio.create_task(waiter(name, event)) for name in "AB"]
    await turns(2)
    trace("cancel", tasks[0].cancel("early"))
    event.set()
    await join(tasks)


@scenario()
async def semaphore_lets_so_many_in():
    semaphore = asyncio.Semaphore(2)
    tasks = users(semaphore, "ABCD")
    ticks(6)
    await join(tasks)
    trace(semaphore.locked())


@scenario()
async def semaphore_is_not_overtaken():
    semaphore = asyncio.Semaphore(1)
    await semaphore.acquire()
    tasks = users(semaphore, "A")
    await turns(2)
    semaphore.release()
    trace("main asks")
    tasks.append(asyncio.create_task(user("B", semaphore)))
    await semaphore.acquire()
    trace("main has it")
    semaphore.release()
    await join(tasks)


@scenario()
async def semaphore_cancelled_after_it_was_given():
    semaphore = asyncio.Semaphore(1)
    await semaphore.acquire()
    tasks = users(semaphore, "ABC")
    await turns(2)
    semaphore.release()
    trace("cancel", tasks[0].cancel("late"))
    ticks(6)
    await join(tasks)


@scenario()
async def semaphore_cancelled_in_the_line():
    semaphore = asyncio.Semaphore(1)
    await semaphore.acquire()
    tasks = users(semaphore, "ABC")
    await turns(2)
    trace("cancel", tasks[1].cancel("early"))
    semaphore.release()
    await join(tasks)


@scenario()
async def semaphore_several_released_at_once():
    semaphore = asyncio.Semaphore(0)
    tasks = users(semaphore, "ABCD")
    await turns(2)
    for _ in range(3):
        semaphore.release()
    trace("locked", semaphore.locked())
    ticks(6)
    await join(tasks)
    trace("locked", semaphore.locked())


@scenario()
async def semaphore_cancel_of_the_first_of_two_given():
    semaphore = asyncio.Semaphore(0)
    tasks = users(semaphore, "ABCD")
    await turns(2)
    semaphore.release()
    semaphore.release()
    trace("cancel", tasks[0].cancel("late"))
    ticks(8)
    await join(tasks)


@scenario()
async def semaphore_cancel_of_all_that_were_given():
    semaphore = asyncio.Semaphore(0)
    tasks = users(semaphore, "AB")
    await turns(2)
    semaphore.release()
    semaphore.release()
    for task in tasks:
        task.cancel()
    await join(tasks)
    trace("locked", semaphore.locked())
    await semaphore.acquire()
    await semaphore.acquire()
    trace("main has two, locked", semaphore.locked())


@scenario()
async def semaphore_bounded():
    semaphore = asyncio.BoundedSemaphore(1)
    try:
        semaphore.release()
    except ValueError:
        trace("refused", error())
    try:
        asyncio.Semaphore(-1)
    except ValueError:
        trace("refused", error())
    await semaphore.acquire()
    semaphore.release()
    trace("locked", semaphore.locked())


@scenario()
async def semaphore_body_that_throws():
    semaphore = asyncio.Semaphore(1)

    async def body():
        async with semaphore:
            await asyncio.sleep(0)
            raise Oops("body")

    b = asyncio.create_task(body())
    tasks = users(semaphore, "A")
    await join([b] + tasks)
