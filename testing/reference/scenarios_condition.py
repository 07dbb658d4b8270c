# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Condition and Barrier."""

import asyncio

from reference import error, scenario, ticks, trace, turns


async def waiter(name, condition):
    await condition.acquire()
    try:
        await condition.wait()
        trace(name, "was notified, locked", condition.locked())
    except BaseException:
        trace(name, "ended with", error(), "locked", condition.locked())
        condition.release()
        raise
    condition.release()


def waiters(condition, names):
    return [asyncio.create_task(waiter(name, condition)) for name in names]


async def join(tasks):
    for n, task in enumerate(tasks, 1):
        try:
            await task
        except BaseException:
            trace("task", n, "ended with", error())


async def notify(condition, n):
    await condition.acquire()
    condition.notify(n)
    condition.release()


@scenario()
async def condition_notify_in_order():
    condition = asyncio.Condition()
    tasks = waiters(condition, "ABC")
    await turns(3)
    ticks(6)
    await notify(condition, 1)
    await turns(3)
    trace("two more")
    await notify(condition, 2)
    await join(tasks)


@scenario()
async def condition_notify_all_retakes_one_by_one():
    condition = asyncio.Condition()
    tasks = waiters(condition, "ABC")
    await turns(3)
    await condition.acquire()
    condition.notify_all()
    trace("notified")
    ticks(8)
    await turns(2)
    trace("released")
    condition.release()
    await join(tasks)


@scenario()
async def condition_cancelled_waiter_takes_the_lock_back():
    condition = asyncio.Condition()
    tasks = waiters(condition, "AB")
    await turns(3)
    await condition.acquire()
    trace("cancel", tasks[0].cancel("A"))
    ticks(5)
    await turns(3)
    trace("A done", tasks[0].done())
    condition.release()
    await asyncio.sleep(0)
    await notify(condition, 1)
    await join(tasks)


@scenario(since="3.13", expected="""
    cancel True
    A ended with CancelledError('late') locked True
    -- turn 1
    B was notified, locked True
    task 1 ended with CancelledError('late')
    main returned
""")
async def condition_cancelled_after_notify_hands_it_on():
    condition = asyncio.Condition()
    tasks = waiters(condition, "AB")
    await turns(3)
    await notify(condition, 1)
    trace("cancel", tasks[0].cancel("late"))
    ticks(6)
    await join(tasks)


@scenario(since="3.13", expected="""
    cancel True
    cancel True done False
    done False
    A ended with CancelledError('two') locked True
    B was notified, locked True
    B done True
    task 1 ended with CancelledError('two')
    main returned
""")
async def condition_cancelled_while_it_takes_the_lock_back():
    condition = asyncio.Condition()
    tasks = waiters(condition, "AB")
    await turns(3)
    await condition.acquire()
    condition.notify(1)
    await turns(2)
    trace("cancel", tasks[0].cancel("one"))
    await turns(2)
    trace("cancel", tasks[0].cancel("two"), "done", tasks[0].done())
    await turns(2)
    trace("done", tasks[0].done())
    condition.release()
    await turns(6)
    trace("B done", tasks[1].done())
    await notify(condition, 1)
    await join(tasks)


@scenario()
async def condition_wait_for_a_predicate():
    condition = asyncio.Condition()
    value = [0]

    def predicate():
        trace("predicate", value[0])
        return value[0] if value[0] > 1 else 0

    async def wait():
        await condition.acquire()
        trace("got", await condition.wait_for(predicate))
        condition.release()

    task = asyncio.create_task(wait())
    await turns(2)
    for _ in range(2):
        value[0] += 1
        await notify(condition, 1)
        await turns(3)
    await task


@scenario()
async def condition_needs_the_lock():
    condition = asyncio.Condition()
    try:
        await condition.wait()
    except RuntimeError:
        trace("wait", error())
    try:
        condition.notify()
    except RuntimeError:
        trace("notify", error())
    try:
        condition.notify_all()
    except RuntimeError:
        trace("notify_all", error())


@scenario()
async def condition_notify_without_waiters_is_lost():
    condition = asyncio.Condition()
    await notify(condition, 3)
    tasks = waiters(condition, "A")
    await turns(4)
    trace("A done", tasks[0].done())
    await notify(condition, 1)
    await join(tasks)


@scenario()
async def condition_two_share_a_lock():
    lock = asyncio.Lock()
    one = asyncio.Condition(lock)
    two = asyncio.Condition(lock)
    tasks = waiters(one, "A") + waiters(two, "B")
    await turns(3)
    await notify(two, 1)
    await turns(4)
    trace(tasks[0].done(), tasks[1].done())
    await notify(one, 1)
    await join(tasks)


async def visitor(name, barrier):
    try:
        trace(name, "has index", await barrier.wait())
    except BaseException:
        trace(name, "ended with", error())
        raise


def visitors(barrier, names):
    return [asyncio.create_task(visitor(name, barrier)) for name in names]


@scenario()
async def barrier_lets_all_go():
    barrier = asyncio.Barrier(3)
    tasks = visitors(barrier, "AB")
    await turns(3)
    trace("waiting", barrier.n_waiting, "of", barrier.parties)
    tasks += visitors(barrier, "C")
    ticks(5)
    await join(tasks)
    trace("waiting", barrier.n_waiting, "broken", barrier.broken)


@scenario()
async def barrier_twice():
    barrier = asyncio.Barrier(2)

    async def rounds(name):
        for n in range(2):
            await barrier.wait()
            trace(name, "round", n)

    tasks = [asyncio.create_task(rounds(name)) for name in "AB"]
    ticks(8)
    await join(tasks)


@scenario()
async def barrier_aborted():
    barrier = asyncio.Barrier(3)
    tasks = visitors(barrier, "AB")
    await turns(3)
    await barrier.abort()
    trace("broken", barrier.broken)
    await join(tasks)
    try:
        await barrier.wait()
    except asyncio.BrokenBarrierError:
        trace("main", error())
    await barrier.reset()
    trace("broken", barrier.broken)


@scenario()
async def barrier_reset_while_some_wait():
    barrier = asyncio.Barrier(3)
    tasks = visitors(barrier, "AB")
    await turns(3)
    await barrier.reset()
    await join(tasks)
    trace("broken", barrier.broken)
    tasks = visitors(barrier, "CDE")
    await join(tasks)


@scenario()
async def barrier_cancelled_visitor_leaves():
    barrier = asyncio.Barrier(2)
    tasks = visitors(barrier, "A")
    await turns(3)
    tasks[0].cancel("gone")
    await turns(3)
    trace("waiting", barrier.n_waiting, "broken", barrier.broken)
    tasks += visitors(barrier, "BC")
    await join(tasks)


@scenario()
async def barrier_of_one():
    barrier = asyncio.Barrier(1)
    ticks(2)
    trace("index", await barrier.wait())
    trace("index", await barrier.wait())
    try:
        asyncio.Barrier(0)
    except ValueError:
        trace("refused", error())
