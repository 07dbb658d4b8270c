# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Context variables, and tasks that start eagerly."""

import asyncio
import contextvars

from reference import Oops, error, scenario, ticks, trace, turns

var = contextvars.ContextVar("var", default=0)


@scenario()
async def context_of_a_task_is_a_copy():
    async def child():
        trace("child has", var.get())
        var.set(2)
        await asyncio.sleep(0)
        trace("child has", var.get())

    var.set(1)
    task = asyncio.create_task(child())
    var.set(3)
    await task
    trace("main has", var.get())


@scenario()
async def context_of_an_awaited_coroutine_is_shared():
    async def inner():
        trace("inner has", var.get())
        var.set(2)

    var.set(1)
    await inner()
    trace("main has", var.get())


@scenario()
async def context_of_callbacks_is_that_of_their_registration():
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def callback(name):
        trace(name, "has", var.get())
        var.set(9)

    var.set(1)
    loop.call_soon(callback, "soon")
    var.set(2)
    loop.call_later(0, callback, "later")
    var.set(3)
    future.add_done_callback(lambda f: callback("done"))
    var.set(4)
    future.set_result(1)
    await turns(2)
    trace("main has", var.get())


@scenario()
async def context_token_gives_back():
    var.set(1)
    one = var.set(2)
    two = var.set(3)
    trace("old", one.old_value, two.old_value)
    var.reset(one)
    trace("has", var.get())
    try:
        var.reset(one)
    except RuntimeError:
        trace("refused", error())


@scenario()
async def context_given_to_a_task():
    async def child(name):
        trace(name, "has", var.get())
        var.set(var.get() + 1)

    var.set(1)
    context = contextvars.copy_context()
    a = asyncio.create_task(child("A"), context=context)
    b = asyncio.create_task(child("B"), context=context)
    await a
    await b
    trace("main has", var.get(), "the context", context.get(var))


@scenario()
async def context_of_gather_is_a_copy_for_each():
    async def child(name):
        var.set(var.get() + 1)
        await asyncio.sleep(0)
        trace(name, "has", var.get())

    var.set(1)
    await asyncio.gather(child("A"), child("B"))
    trace("main has", var.get())


@scenario(since="3.12", expected="""
    main has 2
    main returned
""")
async def context_of_wait_for_is_the_callers():
    async def child():
        var.set(2)
        await asyncio.sleep(0)

    var.set(1)
    await asyncio.wait_for(child(), 1)
    trace("main has", var.get())


def eager(coroutine, name=None):
    return asyncio.create_task(coroutine, name=name, eager_start=True)


@scenario(since="3.14", expected="""
    main
    child begins
    made, done False
    child goes on
    -- turn 1
    got 1
    main returned
""")
async def eager_runs_to_its_first_wait():
    async def child():
        trace("child begins")
        await asyncio.sleep(0)
        trace("child goes on")
        return 1

    trace("main")
    task = eager(child())
    trace("made, done", task.done())
    ticks(3)
    trace("got", await task)


@scenario(since="3.14", expected="""
    child
    done True 5
    got 5
    -- turn 1
    callback
    main returned
""")
async def eager_that_never_waits_is_done():
    async def child():
        trace("child")
        return 5

    task = eager(child())
    trace("done", task.done(), task.result())
    ticks(1)
    task.add_done_callback(lambda t: trace("callback"))
    trace("got", await task)
    await turns(1)


@scenario(since="3.14", expected="""
    done True
    got Oops('child')
    main returned
""")
async def eager_that_throws():
    async def child():
        raise Oops("child")

    task = eager(child())
    trace("done", task.done())
    try:
        await task
    except Oops:
        trace("got", error())


@scenario(since="3.14", expected="""
    in child 1
    in main 1
    in child 2
    in main 1
    main returned
""")
async def eager_current_task_and_context():
    async def child():
        trace("in", asyncio.current_task().get_name(), var.get())
        var.set(2)
        await asyncio.sleep(0)
        trace("in", asyncio.current_task().get_name(), var.get())

    asyncio.current_task().set_name("main")
    var.set(1)
    task = eager(child(), name="child")
    trace("in", asyncio.current_task().get_name(), var.get())
    await task
    trace("in", asyncio.current_task().get_name(), var.get())


@scenario(since="3.14", expected="""
    B begins
    D begins
    A begins
    B ends
    C begins
    D ends
    -- turn 1
    A ends
    C ends
    -- turn 2
    main returned
""")
async def eager_and_ordinary_tasks():
    async def child(name):
        trace(name, "begins")
        await asyncio.sleep(0)
        trace(name, "ends")

    a = asyncio.create_task(child("A"))
    b = eager(child("B"))
    c = asyncio.create_task(child("C"))
    d = eager(child("D"))
    ticks(3)
    for task in (a, b, c, d):
        await task


@scenario(since="3.14", expected="""
    outer begins
    inner begins
    main
    inner ends
    outer ends
    got 2
    main returned
""")
async def eager_in_eager():
    async def inner():
        trace("inner begins")
        await asyncio.sleep(0)
        trace("inner ends")
        return 1

    async def outer():
        trace("outer begins")
        value = await eager(inner())
        trace("outer ends")
        return value + 1

    task = eager(outer())
    trace("main")
    trace("got", await task)


@scenario(since="3.14", expected="""
    cancel True
    child got CancelledError('soon')
    main got CancelledError('soon')
    main returned
""")
async def eager_cancelled():
    async def child():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("child got", error())
            raise

    task = eager(child())
    trace("cancel", task.cancel("soon"))
    try:
        await task
    except asyncio.CancelledError:
        trace("main got", error())


@scenario(since="3.14", expected="""
    cancel True
    done False
    child got CancelledError('me')
    main got CancelledError('me')
    done True
    main got CancelledError('me')
    main returned
""")
async def eager_that_cancels_itself():
    async def child():
        trace("cancel", asyncio.current_task().cancel("me"))
        try:
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            trace("child got", error())
            raise

    async def brief():
        asyncio.current_task().cancel("me")

    for task in [eager(child()), eager(brief())]:
        trace("done", task.done())
        try:
            await task
            trace("finished")
        except asyncio.CancelledError:
            trace("main got", error())


@scenario(since="3.14", expected="""
    cancel True
    main goes on True
    main got CancelledError('by the child')
    uncancel 0
    main returned
""")
async def eager_that_cancels_its_maker():
    maker = asyncio.current_task()

    async def child():
        trace("cancel", maker.cancel("by the child"))

    task = eager(child())
    trace("main goes on", task.done())
    try:
        await asyncio.sleep(0)
    except asyncio.CancelledError:
        trace("main got", error())
    trace("uncancel", maker.uncancel())


@scenario(since="3.14", expected="""
    done True
    1 2
    main returned
""")
async def eager_in_a_gather():
    async def child(value):
        return value

    a = eager(child(1))
    b = eager(child(2))
    both = asyncio.gather(a, b)
    trace("done", both.done())
    ticks(1)
    one, two = await both
    trace(one, two)
