# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Queues: who gets what, and what becomes of an item whose taker is cancelled."""

import asyncio

from reference import error, scenario, ticks, trace, turns


async def getter(name, queue):
    try:
        item = await queue.get()
        trace(name, "got", item)
    except asyncio.CancelledError:
        trace(name, "ended with", error())
        raise


async def putter(name, queue, item):
    try:
        await queue.put(item)
        trace(name, "put", item)
    except asyncio.CancelledError:
        trace(name, "ended with", error())
        raise


async def join(tasks):
    for n, task in enumerate(tasks, 1):
        try:
            await task
        except BaseException:
            trace("task", n, "ended with", error())


@scenario()
async def queue_getters_are_served_in_order():
    queue = asyncio.Queue()
    tasks = [asyncio.create_task(getter(name, queue)) for name in "ABC"]
    await turns(2)
    for n in range(3):
        queue.put_nowait(n)
    trace("size", queue.qsize())
    ticks(3)
    await join(tasks)


@scenario()
async def queue_ready_get_does_not_suspend():
    queue = asyncio.Queue()
    ticks(1)
    await queue.put(1)
    trace("got", await queue.get())


@scenario()
async def queue_getter_cancelled_with_an_item_on_its_way():
    queue = asyncio.Queue()
    tasks = [asyncio.create_task(getter(name, queue)) for name in "AB"]
    await turns(2)
    queue.put_nowait(1)
    trace("cancel", tasks[0].cancel("late"))
    ticks(4)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    queue.put_nowait(2)
    await join(tasks)
    trace("size", queue.qsize())


@scenario()
async def queue_getter_cancelled_in_the_line():
    queue = asyncio.Queue()
    tasks = [asyncio.create_task(getter(name, queue)) for name in "ABC"]
    await turns(2)
    tasks[1].cancel("early")
    queue.put_nowait(1)
    queue.put_nowait(2)
    await join(tasks)


@scenario()
async def queue_getter_cancelled_and_nobody_else():
    queue = asyncio.Queue()
    tasks = [asyncio.create_task(getter("A", queue))]
    await turns(2)
    queue.put_nowait(1)
    tasks[0].cancel()
    await join(tasks)
    trace("the item stays", queue.get_nowait())


@scenario()
async def queue_full_putters_are_served_in_order():
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    tasks = [asyncio.create_task(putter(name, queue, n)) for n, name in enumerate("ABC", 1)]
    await turns(2)
    ticks(8)
    for _ in range(4):
        trace("main got", await queue.get())
    await join(tasks)


@scenario()
async def queue_putter_cancelled_with_room_on_its_way():
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    tasks = [asyncio.create_task(putter(name, queue, n)) for n, name in enumerate("AB", 1)]
    await turns(2)
    trace("got", queue.get_nowait())
    trace("cancel", tasks[0].cancel("late"))
    ticks(4)
    await join(tasks)
    trace("got", queue.get_nowait(), "size", queue.qsize())


@scenario()
async def queue_putter_cancelled_in_the_line():
    queue = asyncio.Queue(1)
    queue.put_nowait(0)
    tasks = [asyncio.create_task(putter(name, queue, n)) for n, name in enumerate("ABC", 1)]
    await turns(2)
    tasks[0].cancel("early")
    trace("got", queue.get_nowait())
    await turns(2)
    trace("got", queue.get_nowait())
    await turns(2)
    trace("got", queue.get_nowait())
    await join(tasks)


@scenario()
async def queue_nowait_overtakes_a_getter_on_its_way():
    queue = asyncio.Queue()
    tasks = [asyncio.create_task(getter("A", queue))]
    await turns(2)
    queue.put_nowait(1)
    trace("main took", queue.get_nowait())
    queue.put_nowait(2)
    await join(tasks)


@scenario()
async def queue_producer_and_consumer_take_turns():
    queue = asyncio.Queue(2)

    async def producer():
        for n in range(5):
            await queue.put(n)
            trace("put", n)

    async def consumer():
        for _ in range(5):
            trace("got", await queue.get())

    p = asyncio.create_task(producer())
    c = asyncio.create_task(consumer())
    ticks(9)
    await join([p, c])


@scenario()
async def queue_join_and_task_done():
    queue = asyncio.Queue()
    await queue.join()
    trace("an empty one needs no waiting")
    queue.put_nowait(1)
    queue.put_nowait(2)

    async def joiner(name):
        await queue.join()
        trace(name, "joined")

    a = asyncio.create_task(joiner("A"))
    b = asyncio.create_task(joiner("B"))
    await turns(2)
    queue.get_nowait()
    queue.get_nowait()
    queue.task_done()
    await turns(2)
    trace("one is left")
    queue.task_done()
    queue.put_nowait(3)
    ticks(3)
    await join([a, b])
    queue.task_done()
    try:
        queue.task_done()
    except ValueError:
        trace("refused", error())


@scenario()
async def queue_nowait_errors():
    queue = asyncio.Queue(1)
    try:
        queue.get_nowait()
    except asyncio.QueueEmpty:
        trace(error())
    queue.put_nowait(1)
    try:
        queue.put_nowait(2)
    except asyncio.QueueFull:
        trace(error())
    trace(queue.full(), queue.empty(), queue.qsize(), queue.maxsize)


@scenario()
async def queue_orders():
    lifo = asyncio.LifoQueue()
    smallest = asyncio.PriorityQueue()
    for n in (2, 3, 1):
        lifo.put_nowait(n)
        smallest.put_nowait(n)
    trace("lifo", lifo.get_nowait(), lifo.get_nowait(), lifo.get_nowait())
    trace("smallest", smallest.get_nowait(), smallest.get_nowait(), smallest.get_nowait())


@scenario()
async def queue_priority_with_getters_waiting():
    queue = asyncio.PriorityQueue()
    tasks = [asyncio.create_task(getter(name, queue)) for name in "AB"]
    await turns(2)
    queue.put_nowait(5)
    queue.put_nowait(1)
    await join(tasks)


@scenario(since="3.13", expected="""
    A put 0
    put refused QueueShutDown
    got 0
    get refused QueueShutDown
    B ended with QueueShutDown
    main returned
""")
async def queue_shut_down():
    queue = asyncio.Queue(1)

    async def put(name, item):
        try:
            await queue.put(item)
            trace(name, "put", item)
        except asyncio.QueueShutDown:
            trace(name, "ended with", error())

    a = asyncio.create_task(put("A", 0))
    b = asyncio.create_task(put("B", 1))
    await turns(2)
    queue.shutdown()
    try:
        queue.put_nowait(2)
    except asyncio.QueueShutDown:
        trace("put refused", error())
    trace("got", queue.get_nowait())
    try:
        queue.get_nowait()
    except asyncio.QueueShutDown:
        trace("get refused", error())
    await join([a, b])


async def get_or_tell(name, queue):
    try:
        trace(name, "got", await queue.get())
    except asyncio.QueueShutDown:
        trace(name, "ended with", error())


@scenario(since="3.13", expected="""
    A ended with QueueShutDown
    B ended with QueueShutDown
    main returned
""")
async def queue_shut_down_wakes_getters():
    queue = asyncio.Queue()
    a = asyncio.create_task(get_or_tell("A", queue))
    b = asyncio.create_task(get_or_tell("B", queue))
    await turns(2)
    queue.shutdown()
    await join([a, b])


@scenario(since="3.13", expected="""
    -- turn 1
    joined
    -- turn 2
    size 0
    main returned
""")
async def queue_shut_down_at_once_wakes_join():
    queue = asyncio.Queue()
    queue.put_nowait(1)
    queue.put_nowait(2)

    async def joiner():
        await queue.join()
        trace("joined")

    j = asyncio.create_task(joiner())
    await turns(2)
    ticks(3)
    queue.shutdown(immediate=True)
    await j
    trace("size", queue.qsize())


@scenario(since="3.13", expected="""
    A got 1
    B ended with QueueShutDown
    main returned
""")
async def queue_shut_down_with_an_item_on_its_way():
    queue = asyncio.Queue()
    a = asyncio.create_task(get_or_tell("A", queue))
    b = asyncio.create_task(get_or_tell("B", queue))
    await turns(2)
    queue.put_nowait(1)
    queue.shutdown()
    await join([a, b])
