# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""wait_for and timeout."""

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


async def outcome(name, awaitable):
    try:
        await awaitable
        trace(name, "finished at", now())
    except BaseException:
        trace(name, "ended with", error(), "at", now(), "cancelling", asyncio.current_task().cancelling())


@scenario()
async def wait_for_in_time():
    trace("got", await asyncio.wait_for(give("A", ms(10), 1), ms(20)), now())
    trace("got", await asyncio.wait_for(give("B", ms(10), 2), None), now())


@scenario()
async def wait_for_too_late():
    await outcome("main", asyncio.wait_for(give("A", ms(30), 1), ms(20)))


@scenario(since="3.12", expected="""
    same task True
    -- turn 1
    same task True
    got 1
    main returned
""")
async def wait_for_runs_in_the_callers_task():
    caller = asyncio.current_task()

    async def child():
        trace("same task", asyncio.current_task() is caller)
        await asyncio.sleep(0)
        trace("same task", asyncio.current_task() is caller)
        return 1

    ticks(4)
    trace("got", await asyncio.wait_for(child(), 1))


@scenario()
async def wait_for_waits_for_the_cleanup():
    async def child():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("child got", error(), "at", now())
        await asyncio.sleep(ms(10))
        trace("child has cleaned up at", now())
        raise asyncio.CancelledError("end")

    await outcome("main", asyncio.wait_for(child(), ms(20)))


@scenario()
async def wait_for_of_what_fails_when_it_is_cancelled():
    async def child():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise Oops("in cleanup")

    await outcome("main", asyncio.wait_for(child(), ms(20)))


@scenario()
async def wait_for_of_what_gives_a_result_when_it_is_cancelled():
    async def child():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("child got", error())
        return 5

    try:
        trace("got", await asyncio.wait_for(child(), ms(20)), now())
    except asyncio.TimeoutError:
        trace("main got", error())
    trace("cancelling", asyncio.current_task().cancelling())


@scenario()
async def wait_for_no_time():
    done = asyncio.get_running_loop().create_future()
    done.set_result(1)
    pending = asyncio.get_running_loop().create_future()

    async def child():
        trace("never")

    ticks(4)
    trace("got", await asyncio.wait_for(done, 0))
    await outcome("pending", asyncio.wait_for(pending, 0))
    trace(pending.cancelled())
    await outcome("child", asyncio.wait_for(child(), 0))


@scenario(since="3.12", expected="""
    A got CancelledError('from outside') at 0ms
    task ended with CancelledError('from outside') at 0ms cancelling 0
    True 1
    main returned
""")
async def wait_for_cancelled():
    async def caller():
        await asyncio.wait_for(give("A", ms(50), 1), ms(40))

    task = asyncio.create_task(caller())
    await turns(2)
    task.cancel("from outside")
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario(since="3.12", expected="""
    -- turn 1
    got 3
    main returned
""")
async def wait_for_a_future_wakes_in_the_next_turn():
    future = asyncio.get_running_loop().create_future()
    asyncio.get_running_loop().call_soon(future.set_result, 3)
    ticks(4)
    trace("got", await asyncio.wait_for(future, 1))


@scenario(since="3.12", expected="""
    set at 10ms
    main got TimeoutError at 10ms
    the result stays 1 cancelling 0
    main returned
""")
async def wait_for_timeout_in_the_turn_of_the_result():
    # The timers are due together; that of the result was made first.
    future = asyncio.get_running_loop().create_future()

    def done():
        trace("set at", now())
        future.set_result(1)

    asyncio.get_running_loop().call_later(ms(10), done)
    try:
        trace("got", await asyncio.wait_for(future, ms(10)))
    except asyncio.TimeoutError:
        trace("main got", error(), "at", now())
    trace("the result stays", future.result(), "cancelling", asyncio.current_task().cancelling())


@scenario()
async def wait_for_timeout_cancels_the_future():
    future = asyncio.get_running_loop().create_future()
    try:
        await asyncio.wait_for(future, ms(10))
    except asyncio.TimeoutError:
        trace("main got", error())
    trace("future cancelled", future.cancelled(), "cancelling", asyncio.current_task().cancelling())


@scenario(since="3.12", expected="""
    task ended with CancelledError('outside') at 10ms cancelling 0
    True 1
    main returned
""")
async def wait_for_cancelled_while_the_result_is_on_its_way():
    future = asyncio.get_running_loop().create_future()

    async def caller():
        trace("got", await asyncio.wait_for(future, 1))

    task = asyncio.create_task(caller())
    await asyncio.sleep(ms(10))
    future.set_result(1)
    task.cancel("outside")
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def wait_for_a_shield_leaves_the_inner_alone():
    inner = asyncio.create_task(give("inner", ms(30), 1))
    await outcome("main", asyncio.wait_for(asyncio.shield(inner), ms(10)))
    trace("inner gave", await inner, now())


@scenario()
async def timeout_expires():
    async def body(timeout):
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("body got CancelledError at", now(), "cancelling", asyncio.current_task().cancelling(),
                  "expired", timeout.expired())
            raise

    try:
        async with asyncio.timeout(ms(10)) as timeout:
            await body(timeout)
    except TimeoutError:
        trace("main got", error(), "cancelling", asyncio.current_task().cancelling(), "expired", timeout.expired())


@scenario()
async def timeout_swallowed_by_the_body():
    async with asyncio.timeout(ms(10)) as timeout:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("swallowed", "cancelling", asyncio.current_task().cancelling())
        await asyncio.sleep(ms(10))
        trace("body ends at", now())
    trace("expired", timeout.expired(), "cancelling", asyncio.current_task().cancelling())
    await asyncio.sleep(ms(10))
    trace("main at", now())


@scenario()
async def timeout_replaced_by_another_exception():
    async def body():
        async with asyncio.timeout(ms(10)):
            try:
                await asyncio.sleep(1)
            except asyncio.CancelledError:
                raise Oops("instead")

    await outcome("main", body())


@scenario()
async def timeout_cancelled_from_outside():
    async def body():
        async with asyncio.timeout(ms(50)):
            await give("body", ms(100), 1)

    task = asyncio.create_task(body())
    await asyncio.sleep(ms(10))
    task.cancel("outside")
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def timeout_then_cancel_in_one_turn():
    async def body():
        loop = asyncio.get_running_loop()
        timeout = asyncio.timeout(1)
        try:
            async with timeout:
                timeout.reschedule(loop.time() - 1)
                loop.call_soon(asyncio.current_task().cancel, "outside")
                await asyncio.sleep(1)
        except BaseException:
            trace("expired", timeout.expired(), "cancelling", asyncio.current_task().cancelling(), error())
            raise

    task = asyncio.create_task(body())
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def timeout_after_cancel_in_one_turn():
    async def body():
        loop = asyncio.get_running_loop()
        timeout = asyncio.timeout(1)
        try:
            async with timeout:
                loop.call_soon(asyncio.current_task().cancel, "outside")
                timeout.reschedule(loop.time() - 1)
                await asyncio.sleep(1)
        except BaseException:
            trace("expired", timeout.expired(), "cancelling", asyncio.current_task().cancelling(), error())
            raise

    task = asyncio.create_task(body())
    await outcome("task", task)
    trace(task.cancelled(), task.cancelling())


@scenario()
async def timeout_in_the_turn_of_the_result():
    future = asyncio.get_running_loop().create_future()

    async def body():
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(1) as timeout:
            loop.call_soon(future.set_result, 1)
            timeout.reschedule(loop.time() - 1)
            trace("got", await future)

    await outcome("main", body())
    trace("the result stays", future.result())


@scenario()
async def timeout_in_the_turn_before_the_result():
    future = asyncio.get_running_loop().create_future()

    async def body():
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(1) as timeout:
            timeout.reschedule(loop.time() - 1)
            loop.call_soon(future.set_result, 1)
            trace("got", await future)

    await outcome("main", body())
    trace("the future is cancelled", future.cancelled())


@scenario()
async def timeout_in_the_turn_in_which_the_body_ends():
    async def body():
        loop = asyncio.get_running_loop()
        timeout = asyncio.timeout(1)
        async with timeout:
            timeout.reschedule(loop.time() - 1)
            trace("body ends")
        trace("expired", timeout.expired())
        await turns(3)
        trace("no late cancel, cancelling", asyncio.current_task().cancelling())

    await outcome("main", body())


@scenario()
async def timeout_nested_inner_first():
    async def body():
        async with asyncio.timeout(ms(30)) as outer:
            try:
                async with asyncio.timeout(ms(10)) as inner:
                    await asyncio.sleep(1)
            except TimeoutError:
                trace("inner", inner.expired(), "outer", outer.expired(), "at", now())
            await asyncio.sleep(ms(10))
        trace("outer left at", now())

    await outcome("main", body())


@scenario()
async def timeout_nested_outer_first():
    async def body():
        async with asyncio.timeout(ms(10)) as outer:
            try:
                async with asyncio.timeout(ms(30)) as inner:
                    await asyncio.sleep(1)
            except asyncio.CancelledError:
                trace("inner", inner.expired(), "outer", outer.expired(), "at", now(),
                      "cancelling", asyncio.current_task().cancelling())
                raise

    await outcome("main", body())


@scenario()
async def timeout_nested_both_in_one_turn():
    async def body():
        async with asyncio.timeout(ms(10)) as outer:
            try:
                async with asyncio.timeout(ms(30)) as inner:
                    await asyncio.sleep(ms(5))
                    outer.reschedule(asyncio.get_running_loop().time() - 1)
                    inner.reschedule(asyncio.get_running_loop().time() - 1)
                    await asyncio.sleep(1)
            except BaseException:
                trace("inner", inner.expired(), "outer", outer.expired(), "at", now(),
                      "cancelling", asyncio.current_task().cancelling())
                raise

    await outcome("main", body())


@scenario()
async def timeout_rescheduled():
    async with asyncio.timeout(ms(10)) as timeout:
        start = asyncio.get_running_loop().time()
        timeout.reschedule(start + ms(40))
        await asyncio.sleep(ms(20))
        trace("still here at", now(), "expired", timeout.expired())
        timeout.reschedule(None)
        trace("never", timeout.when() is None)
        await asyncio.sleep(ms(40))
    trace("left at", now(), "expired", timeout.expired())
    try:
        timeout.reschedule(None)
    except RuntimeError:
        trace("refused", error())


@scenario()
async def timeout_in_the_past():
    async def body():
        async with asyncio.timeout_at(asyncio.get_running_loop().time() - 1):
            trace("body")
            await asyncio.sleep(0)
            trace("body after a turn")
            await asyncio.sleep(0)
            trace("never")

    ticks(3)
    await outcome("main", body())


@scenario()
async def timeout_of_a_body_that_never_suspends():
    async with asyncio.timeout(0) as timeout:
        trace("body")
    trace("expired", timeout.expired())
    await turns(3)
    trace("no late cancel", asyncio.current_task().cancelling())


@scenario(since="3.12", expected="""
    swallowed CancelledError('before')
    got TimeoutError cancelling 1
    task finished at 10ms
    main returned
""")
async def timeout_after_a_cancel_that_was_swallowed():
    async def body():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("swallowed", error())
        try:
            async with asyncio.timeout(ms(10)):
                await asyncio.sleep(1)
        except TimeoutError:
            trace("got", error(), "cancelling", asyncio.current_task().cancelling())

    task = asyncio.create_task(body())
    await asyncio.sleep(0)
    task.cancel("before")
    await outcome("task", task)


@scenario()
async def timeout_passes_through_tasks():
    async def body():
        async with asyncio.timeout(ms(10)):
            await asyncio.create_task(outcome("inner", give("give", 1, 1)))
            trace("body goes on")
            await asyncio.sleep(ms(5))

    await outcome("main", body())
