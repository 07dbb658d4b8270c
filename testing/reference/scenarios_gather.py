# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""gather and shield."""

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
        trace(name, "gave", await awaitable)
    except BaseException:
        trace(name, "ended with", error())


@scenario()
async def gather_results_in_order():
    both = asyncio.gather(give("A", ms(20), 1), give("B", ms(10), 2))
    a, b = await both
    trace(a, b, now())


@scenario()
async def gather_wakes_two_turns_after_the_last_child():
    both = asyncio.gather(give("A", 0, 1), give("B", 0, 2))
    ticks(6)
    a, b = await both
    trace("main", a, b)


@scenario(since="3.12", expected="""
    done True
    1 2
    -- turn 1
    main
    main returned
""")
async def gather_of_what_is_done():
    a = asyncio.create_task(asyncio.sleep(0, 1))
    b = asyncio.create_task(asyncio.sleep(0, 2))
    await turns(3)
    both = asyncio.gather(a, b)
    trace("done", both.done())
    ticks(2)
    one, two = await both
    trace(one, two)
    await asyncio.sleep(0)
    trace("main")


@scenario()
async def gather_first_exception_and_the_rest_goes_on():
    a = asyncio.create_task(give("A", ms(30), 1))
    b = asyncio.create_task(fail("B", ms(10)))
    c = asyncio.create_task(fail("C", ms(20)))
    all_three = asyncio.gather(a, b, c)
    try:
        await all_three
    except Oops:
        trace("main got", error(), "at", now())
    trace("cancel", all_three.cancel(), "A done", a.done())
    await a
    trace("A gave", a.result(), "C", error(c.exception()))


@scenario()
async def gather_exceptions_as_values():
    a = asyncio.create_task(give("A", ms(10), 1))
    b = asyncio.create_task(fail("B", ms(20)))
    c = asyncio.create_task(give("C", ms(30), 3))
    asyncio.get_running_loop().call_later(ms(5), c.cancel, "C alone")
    one, two, three = await asyncio.gather(a, b, c, return_exceptions=True)
    trace(one, error(two), error(three), now())


@scenario()
async def gather_cancelled_by_its_handle():
    a = asyncio.create_task(give("A", ms(30), 1))
    b = asyncio.create_task(give("B", ms(30), 2))
    both = asyncio.gather(a, b)
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await turns(2)
    trace("cancel", both.cancel("all"), both.cancelled())
    ticks(4)
    await waiter
    trace(both.cancelled(), a.cancelled(), b.cancelled())


async def outcome_of_two(name, both):
    try:
        a, b = await both
        trace(name, "gave", a, b)
    except BaseException:
        trace(name, "ended with", error(), "cancelling", asyncio.current_task().cancelling())


@scenario()
async def gather_cancelled_by_its_awaiter():
    a = asyncio.create_task(give("A", ms(30), 1))
    b = asyncio.create_task(give("B", ms(30), 2))
    both = asyncio.gather(a, b)
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await turns(2)
    trace("cancel", waiter.cancel("by awaiter"))
    ticks(4)
    await waiter
    trace(both.cancelled(), a.cancelling(), b.cancelling())


@scenario()
async def gather_child_cancelled_by_others():
    a = asyncio.create_task(give("A", ms(30), 1))
    b = asyncio.create_task(give("B", ms(30), 2))
    both = asyncio.gather(a, b)
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await turns(2)
    a.cancel("A alone")
    await waiter
    trace("gather cancelled", both.cancelled(), "B done", b.done())
    await b
    trace("B gave", b.result())


@scenario()
async def gather_child_swallows_the_cancel():
    async def stubborn():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("stubborn got", error())
        return 5

    a = asyncio.create_task(stubborn())
    b = asyncio.create_task(give("B", 1, 2))
    both = asyncio.gather(a, b)
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await turns(2)
    both.cancel("all")
    await waiter
    trace(a.cancelled(), b.cancelled(), both.cancelled())


@scenario()
async def gather_all_children_swallow_the_cancel():
    async def stubborn(value):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("stubborn got", error())
        return value

    both = asyncio.gather(stubborn(1), stubborn(2))
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await turns(2)
    both.cancel("all")
    await waiter
    trace(both.cancelled())


@scenario()
async def gather_cancelled_with_exceptions_as_values():
    a = asyncio.create_task(give("A", 1, 1))
    b = asyncio.create_task(give("B", 1, 2))
    both = asyncio.gather(a, b, return_exceptions=True)

    async def wait():
        try:
            one, two = await both
            trace("gave", error(one), error(two))
        except asyncio.CancelledError:
            trace("got", error(), "cancelling", asyncio.current_task().cancelling())

    waiter = asyncio.create_task(wait())
    await turns(2)
    waiter.cancel("all")
    await waiter
    trace(both.cancelled())


@scenario()
async def gather_of_one_task_twice():
    a = asyncio.create_task(give("A", ms(10), 1))
    one, two = await asyncio.gather(a, a)
    trace(one, two)


@scenario()
async def gather_cancel_in_the_turn_the_last_child_ends():
    a = asyncio.create_task(give("A", 0, 1))
    b = asyncio.create_task(give("B", 0, 2))
    both = asyncio.gather(a, b)
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    trace("children done", a.done(), b.done(), "gather done", both.done())
    trace("cancel", waiter.cancel("late"), both.cancelled())
    await waiter


@scenario()
async def gather_cancel_after_it_is_done():
    a = asyncio.create_task(give("A", 0, 1))
    b = asyncio.create_task(give("B", 0, 2))
    both = asyncio.gather(a, b)
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await turns(3)
    trace("gather done", both.done(), "waiter done", waiter.done())
    trace("cancel", waiter.cancel("late"), both.cancel())
    await waiter


@scenario()
async def gather_of_gathers():
    inner = asyncio.gather(give("A", ms(10), 1), fail("B", ms(20)))
    outer = asyncio.gather(inner, give("C", ms(30), 3))
    try:
        await outer
    except Oops:
        trace("main got", error(), "at", now())
    await asyncio.sleep(ms(20))


@scenario()
async def gather_nested_and_cancelled():
    inner = asyncio.gather(give("A", 1, 1), give("B", 1, 2))
    outer = asyncio.gather(inner, give("C", 1, 3))

    async def wait():
        try:
            await outer
        except asyncio.CancelledError:
            trace("got", error())

    waiter = asyncio.create_task(wait())
    await turns(2)
    waiter.cancel("down")
    ticks(5)
    await waiter
    trace(inner.cancelled(), outer.cancelled())


@scenario()
async def gather_exception_in_the_turn_of_the_cancel():
    f = asyncio.get_running_loop().create_future()
    g = asyncio.get_running_loop().create_future()
    both = asyncio.gather(f, g)
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await asyncio.sleep(0)
    f.set_exception(Oops("f"))
    trace("cancel", waiter.cancel("too"), g.cancelled())
    ticks(3)
    await waiter


@scenario()
async def shield_cancelled_awaiter():
    inner = asyncio.create_task(give("inner", ms(20), 1))
    waiter = asyncio.create_task(outcome("waiter", asyncio.shield(inner)))
    await turns(2)
    trace("cancel", waiter.cancel("outer"))
    ticks(2)
    await waiter
    trace("inner gave", await inner, now())


@scenario()
async def shield_cancelled_inner():
    inner = asyncio.create_task(give("inner", ms(20), 1))
    outer = asyncio.shield(inner)
    waiter = asyncio.create_task(outcome("waiter", outer))
    await turns(2)
    trace("cancel", inner.cancel("inner"))
    ticks(4)
    await waiter
    trace(outer.cancelled(), waiter.cancelling())


@scenario()
async def shield_wakes_two_turns_after_the_inner():
    inner = asyncio.create_task(give("inner", 0, 1))
    ticks(5)
    trace("main got", await asyncio.shield(inner))


@scenario()
async def shield_of_a_done_future():
    inner = asyncio.get_running_loop().create_future()
    inner.set_result(4)
    outer = asyncio.shield(inner)
    trace("done", outer.done())
    ticks(1)
    trace("got", await outer)


@scenario()
async def shield_passes_an_exception():
    inner = asyncio.create_task(fail("inner", ms(10)))
    await outcome("main", asyncio.shield(inner))


@scenario()
async def shield_cancelled_twice():
    inner = asyncio.create_task(give("inner", ms(50), 1))

    async def wait():
        for _ in range(2):
            try:
                await asyncio.shield(inner)
            except asyncio.CancelledError:
                trace("got", error(), "cancelling", asyncio.current_task().cancelling())
        trace("at last", await inner)

    waiter = asyncio.create_task(wait())
    await turns(2)
    waiter.cancel("one")
    await turns(2)
    waiter.cancel("two")
    await waiter


@scenario()
async def shield_cancelled_in_the_turn_the_inner_ends():
    inner = asyncio.create_task(give("inner", 0, 1))
    outer = asyncio.shield(inner)
    waiter = asyncio.create_task(outcome("waiter", outer))
    await turns(2)
    trace("inner done", inner.done(), "outer done", outer.done())
    trace("cancel", waiter.cancel("late"), outer.cancelled())
    await waiter
    trace("inner gave", inner.result())


@scenario(since="3.14", expected="""
    cancel True
    waiter ended with CancelledError('outer')
    inner fails at 10ms
    report of a task: Oops('inner')
    main
    main returned
""")
async def shield_of_what_fails_after_the_awaiter_has_gone():
    inner = asyncio.create_task(fail("inner", ms(10)))
    waiter = asyncio.create_task(outcome("waiter", asyncio.shield(inner)))
    await turns(2)
    trace("cancel", waiter.cancel("outer"))
    await waiter
    await asyncio.sleep(ms(20))
    trace("main")


@scenario(since="3.14", expected="""
    inner fails at 10ms
    looker ended with Oops('inner')
    report of a task: Oops('inner')
    main
    main returned
""")
async def shield_of_what_fails_and_was_seen():
    inner = asyncio.create_task(fail("inner", ms(10)))
    looker = asyncio.create_task(outcome("looker", inner))
    outer = asyncio.shield(inner)
    await turns(2)
    outer.cancel()
    await looker
    await asyncio.sleep(ms(20))
    trace("main")


@scenario()
async def shield_in_a_gather():
    a = asyncio.create_task(give("A", ms(20), 1))
    b = asyncio.create_task(give("B", ms(20), 2))
    both = asyncio.gather(asyncio.shield(a), b)
    waiter = asyncio.create_task(outcome_of_two("waiter", both))
    await turns(2)
    waiter.cancel("all")
    await waiter
    trace("A gave", await a, "B cancelled", b.cancelled())


@scenario()
async def shield_of_a_shield():
    inner = asyncio.create_task(give("inner", ms(10), 1))
    outer = asyncio.shield(asyncio.shield(inner))
    waiter = asyncio.create_task(outcome("waiter", outer))
    await turns(2)
    inner.cancel("inner")
    ticks(5)
    await waiter
