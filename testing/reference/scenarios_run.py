# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""run and Runner: what becomes of that which main has left."""

import asyncio

from reference import Oops, detach, error, ms, new_runner, now, scenario, trace, turns


async def sleeper(name):
    try:
        await asyncio.sleep(1)
    except asyncio.CancelledError:
        trace(name, "got", error(), "at", now())
        raise


@scenario()
def run_cancels_what_is_left():
    async def main():
        detach(asyncio.create_task(sleeper("left")))
        await asyncio.sleep(ms(10))
        trace("main ends")
        return 7

    with new_runner() as runner:
        trace("got", runner.run(main()))
    trace("closed")


@scenario()
def run_waits_for_the_cleanup_of_what_is_left():
    async def slow():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            trace("slow got", error())
        await asyncio.sleep(ms(20))
        trace("slow has cleaned up at", now())

    async def main():
        detach(asyncio.create_task(slow()))
        await asyncio.sleep(ms(10))

    with new_runner() as runner:
        runner.run(main())
        trace("main has ended")
    trace("closed")


@scenario()
def run_reports_what_fails_at_the_end():
    async def bad():
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            raise Oops("at the end")

    async def main():
        detach(asyncio.create_task(bad()))
        await asyncio.sleep(0)

    with new_runner() as runner:
        runner.run(main())
        trace("main has ended")
    trace("closed")


@scenario()
def run_task_made_at_the_end():
    async def late():
        trace("late begins")
        await sleeper("late")

    async def main():
        detach(asyncio.create_task(late()))

    with new_runner() as runner:
        runner.run(main())
        trace("main has ended")
    trace("closed")


@scenario()
def run_passes_on_what_main_throws():
    async def main():
        detach(asyncio.create_task(sleeper("left")))
        await asyncio.sleep(0)
        raise Oops("main")

    try:
        with new_runner() as runner:
            runner.run(main())
    except Oops:
        trace("got", error())


@scenario()
def run_of_a_main_that_cancels_itself():
    async def main():
        asyncio.current_task().cancel("me")
        await asyncio.sleep(0)

    try:
        with new_runner() as runner:
            runner.run(main())
    except asyncio.CancelledError:
        trace("got", error())


@scenario()
def runner_keeps_its_loop():
    async def first():
        detach(asyncio.create_task(sleeper("left")))
        await asyncio.sleep(ms(10))
        trace("first ends at", now())

    async def second():
        await asyncio.sleep(ms(10))
        trace("second ends at", now())

    with new_runner() as runner:
        runner.run(first())
        runner.run(second())
        trace("both have ended")
    trace("closed")


@scenario()
def runner_closed_refuses():
    async def main():
        trace("main")

    runner = new_runner()
    runner.run(main())
    runner.close()
    runner.close()
    coroutine = main()
    try:
        runner.run(coroutine)
    except RuntimeError:
        trace("refused", error())
    coroutine.close()


@scenario()
async def run_in_a_running_loop_is_refused():
    async def main():
        trace("never")

    coroutine = main()
    try:
        asyncio.run(coroutine)
    except RuntimeError:
        trace("refused", error())
    coroutine.close()
    await turns(1)


@scenario()
def run_leaves_callbacks_of_the_last_turns():
    async def main():
        loop = asyncio.get_running_loop()
        loop.call_soon(trace, "one")
        loop.call_soon(loop.call_soon, trace, "two")
        loop.call_soon(loop.call_soon, loop.call_soon, trace, "three")
        trace("main ends")

    with new_runner() as runner:
        runner.run(main())
        trace("main has ended")
    trace("closed")
