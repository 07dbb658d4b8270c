# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Futures: who is told when."""

import asyncio

from reference import Oops, error, scenario, ticks, trace, turns


async def wait_for_future(name, future):
    try:
        trace(name, "got", await future)
    except asyncio.CancelledError:
        trace(name, "got", error())
        raise
    except Oops:
        trace(name, "got", error())


@scenario()
async def future_set_then_cancel():
    future = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(wait_for_future("A", future))
    await asyncio.sleep(0)
    ticks(3)
    future.set_result(1)
    trace("cancel", future.cancel())
    trace("done", future.done(), "cancelled", future.cancelled())
    await a
    trace("main")


@scenario()
async def future_set_then_cancel_awaiter():
    future = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(wait_for_future("A", future))
    await asyncio.sleep(0)
    ticks(3)
    future.set_result(1)
    trace("cancel", a.cancel())
    await turns(2)
    trace("A cancelled", a.cancelled(), "future", future.result())


@scenario()
async def future_cancel_awaiter_then_set():
    future = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(wait_for_future("A", future))
    await asyncio.sleep(0)
    trace("cancel", a.cancel("enough"))
    trace("future cancelled", future.cancelled())
    try:
        future.set_result(1)
    except asyncio.InvalidStateError:
        trace("set_result", error())
    await turns(2)
    trace("A cancelled", a.cancelled())


@scenario()
async def future_waiters_and_callbacks_in_order():
    future = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(wait_for_future("A", future))
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: trace("callback 1", f.result()))
    b = asyncio.create_task(wait_for_future("B", future))
    await asyncio.sleep(0)
    future.add_done_callback(lambda f: trace("callback 2", f.result()))
    ticks(3)
    future.set_result(7)
    trace("set")
    await asyncio.sleep(0)
    trace("main")
    await a
    await b


@scenario()
async def future_callbacks_made_in_callbacks():
    future = asyncio.get_running_loop().create_future()

    def inner(f):
        trace("inner")

    def outer(f):
        trace("outer")
        f.add_done_callback(inner)
        asyncio.get_running_loop().call_soon(trace, "soon")

    future.add_done_callback(outer)
    future.add_done_callback(lambda f: trace("second"))
    ticks(4)
    future.set_result(1)
    await turns(4)


@scenario()
async def future_callback_removed():
    future = asyncio.get_running_loop().create_future()

    def removed(f):
        trace("removed one ran")

    def late(f):
        trace("late one ran")

    future.add_done_callback(removed)
    future.add_done_callback(lambda f: trace("another ran"))
    future.add_done_callback(late)
    trace("remove", future.remove_done_callback(removed))
    trace("again", future.remove_done_callback(removed))
    future.set_result(1)
    trace("late", future.remove_done_callback(late))
    await turns(2)


@scenario()
async def future_callback_added_when_done():
    future = asyncio.get_running_loop().create_future()
    future.set_result(3)
    ticks(2)
    future.add_done_callback(lambda f: trace("callback", f.result()))
    trace("added")
    await turns(2)


@scenario()
async def future_callback_that_throws():
    future = asyncio.get_running_loop().create_future()

    def bad(f):
        trace("bad")
        raise Oops("bad")

    future.add_done_callback(bad)
    future.add_done_callback(lambda f: trace("good"))
    a = asyncio.create_task(wait_for_future("A", future))
    await asyncio.sleep(0)
    future.set_result(1)
    await a


@scenario()
async def future_exception_for_all():
    future = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(wait_for_future("A", future))
    b = asyncio.create_task(wait_for_future("B", future))
    await asyncio.sleep(0)
    ticks(2)
    future.set_exception(Oops("no"))
    await a
    await b
    await wait_for_future("main", future)
    trace(error(future.exception()))


@scenario()
async def future_done_does_not_suspend():
    future = asyncio.get_running_loop().create_future()
    future.set_result(5)
    ticks(2)
    trace("got", await future)
    trace("got", await future)
    await asyncio.sleep(0)
    trace("main")


@scenario()
async def future_cancel_message_for_all():
    future = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(wait_for_future("A", future))
    b = asyncio.create_task(wait_for_future("B", future))
    await asyncio.sleep(0)
    ticks(3)
    trace("cancel", future.cancel("stop"))
    trace("again", future.cancel("more"))
    await turns(2)
    trace(a.cancelled(), a.cancelling(), b.cancelled(), b.cancelling())
    try:
        future.result()
    except asyncio.CancelledError:
        trace("result", error())


@scenario()
async def future_of_two_and_one_is_cancelled():
    future = asyncio.get_running_loop().create_future()
    a = asyncio.create_task(wait_for_future("A", future))
    b = asyncio.create_task(wait_for_future("B", future))
    await asyncio.sleep(0)
    a.cancel("A only")
    trace("future cancelled", future.cancelled())
    await turns(3)
    trace("A", a.cancelled(), a.cancelling())
    trace("B", b.cancelled(), b.cancelling())


@scenario()
async def future_failed_and_nobody_looked():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(Oops("lost"))
    await asyncio.sleep(0)
    trace("drop")
    del future
    seen = asyncio.get_running_loop().create_future()
    seen.set_exception(Oops("seen"))
    trace(error(seen.exception()))
    del seen
    trace("end")


@scenario()
async def future_is_set_once():
    future = asyncio.get_running_loop().create_future()
    for ask in (future.result, future.exception):
        try:
            ask()
        except asyncio.InvalidStateError:
            trace("pending", error())
    future.set_result(1)
    for end in (lambda: future.set_result(2), lambda: future.set_exception(Oops("x"))):
        try:
            end()
        except asyncio.InvalidStateError:
            trace("done", error())
    trace(future.result(), future.cancel(), future.cancelled())


@scenario()
async def future_cancelled_by_its_callback():
    loop = asyncio.get_running_loop()
    first = loop.create_future()
    second = loop.create_future()
    first.add_done_callback(lambda f: trace("cancel", second.cancel()))
    a = asyncio.create_task(wait_for_future("A", first))
    b = asyncio.create_task(wait_for_future("B", second))
    await asyncio.sleep(0)
    ticks(4)
    first.set_result(1)
    await turns(4)
    trace(a.done(), b.cancelled())


@scenario()
async def future_chain_takes_a_turn_each():
    loop = asyncio.get_running_loop()
    one = loop.create_future()
    two = loop.create_future()
    three = loop.create_future()
    one.add_done_callback(lambda f: two.set_result(2))
    two.add_done_callback(lambda f: three.set_result(3))
    a = asyncio.create_task(wait_for_future("A", three))
    await asyncio.sleep(0)
    ticks(5)
    one.set_result(1)
    await a
    trace("main")
