# SPDX-FileCopyrightText: The eddy authors
# SPDX-License-Identifier: Apache-2.0

"""Asynchronous generators."""

import asyncio

from reference import Oops, error, ms, new_runner, now, scenario, ticks, trace


async def numbers(last):
    for n in range(last):
        trace("makes", n)
        yield n


async def next_of(generator):
    return await anext(generator, None)


@scenario()
async def generator_needs_no_turn():
    ticks(1)
    async for n in numbers(3):
        trace("got", n)
    trace("ended")


@scenario()
async def generator_does_nothing_until_it_is_asked():
    generator = numbers(2)
    trace("made")
    trace("got", await next_of(generator))
    await generator.aclose()
    trace("closed", await next_of(generator))


@scenario()
async def generator_waits_in_between():
    async def slow():
        for n in range(2):
            await asyncio.sleep(ms(10))
            yield n

    async for n in slow():
        trace("got", n, "at", now())


@scenario()
async def generator_that_throws_has_ended():
    async def bad():
        yield 1
        raise Oops("bad")

    generator = bad()
    trace("got", await next_of(generator))
    try:
        await next_of(generator)
    except Oops:
        trace("got", error())
    trace("then", await next_of(generator))


@scenario()
async def generator_closed_cleans_up():
    async def careful():
        try:
            yield 1
            trace("never")
        except GeneratorExit:
            trace("is closed")
            raise

    generator = careful()
    trace("got", await next_of(generator))
    await generator.aclose()
    await generator.aclose()
    trace("closed")


@scenario()
async def generator_thrown_into():
    async def tough():
        try:
            yield 1
        except Oops:
            trace("generator got", error())
        yield 2

    generator = tough()
    trace("got", await next_of(generator))
    trace("got", await generator.athrow(Oops("thrown")))
    trace("then", await next_of(generator))


@scenario()
async def generator_of_a_cancelled_task():
    async def slow():
        try:
            await asyncio.sleep(1)
            yield 1
        except asyncio.CancelledError:
            trace("generator got", error())
            raise

    async def consumer(generator):
        try:
            await next_of(generator)
        except asyncio.CancelledError:
            trace("consumer got", error())
        trace("then", await next_of(generator))

    generator = slow()
    task = asyncio.create_task(consumer(generator))
    await asyncio.sleep(0)
    task.cancel("enough")
    await task


@scenario()
async def generator_asked_twice_at_once():
    async def slow():
        await asyncio.sleep(ms(10))
        yield 1

    generator = slow()
    task = asyncio.create_task(next_of(generator))
    await asyncio.sleep(0)
    try:
        await next_of(generator)
    except RuntimeError:
        trace("refused", error())
    trace("got", await task)


@scenario()
async def generator_of_two_consumers_in_turn():
    generator = numbers(4)

    async def consumer(name):
        for _ in range(2):
            trace(name, "got", await next_of(generator))
            await asyncio.sleep(0)

    a = asyncio.create_task(consumer("A"))
    b = asyncio.create_task(consumer("B"))
    await a
    await b
    await generator.aclose()


@scenario()
def generator_left_is_closed_by_run():
    async def left():
        try:
            yield 1
        finally:
            trace("cleans up")

    kept = []

    async def main():
        kept.append(left())
        trace("got", await next_of(kept[0]))
        trace("main ends")

    with new_runner() as runner:
        runner.run(main())
        trace("main has ended")
    trace("closed")
