#!/usr/bin/env python3
"""A model for tests of the process adapter: it misbehaves as the prompt of a request says.

    child.py [--log FILE] [--max_batch N] [--start MODE] [--order reverse]

FILE gets a line for each start ("start") and each request (its id). Prompts without a meaning below
are answered with themselves.
"""

import argparse
import json
import os
import subprocess
import sys
import time

FOREVER = 1000


def write(text):
    sys.stdout.write(text)
    sys.stdout.flush()


def reply(request, **fields):
    write(json.dumps({"id": request["id"], **fields}) + "\n")


def endless(_):
    while True:
        write("x" * 65536)


def silence(_):
    time.sleep(FOREVER)


def close(_):
    os.close(1)
    time.sleep(FOREVER)


def partial(request):
    write('{"id": "%s", "text": "unfini' % request["id"])
    os._exit(0)


def flood(request):
    for number in range(20000):
        sys.stderr.write(f"line {number} of many\n")
    reply(request, text="after the flood")


def helper(request):
    """Leaves a process of its own behind and tells its number."""
    reply(request, text=str(subprocess.Popen(["sleep", str(FOREVER)]).pid))


def large(request):
    reply(request, text="y" * 3_000_000)


def die(_):
    sys.stderr.write("first words\nlast words\n")
    sys.stderr.flush()
    os._exit(3)


BEHAVIOURS = {
    "crash": die,
    "segfault": lambda _: os.kill(os.getpid(), 11),
    "garbage": lambda _: write("Loading checkpoint shards: 100%\n"),
    "list": lambda _: write("[1, 2]\n"),
    "unknown_id": lambda _: write('{"id": "nobody", "text": "hello"}\n'),
    "no_id": lambda _: write('{"text": "hello"}\n'),
    "number_id": lambda _: write('{"id": 1, "text": "hello"}\n'),
    "not_utf8": lambda _: (sys.stdout.buffer.write(b'{"id": "\xff"}\n'), sys.stdout.flush()),
    "twice": lambda r: (reply(r, text="one"), reply(r, text="two")),
    "silence": silence,
    "endless": endless,
    "partial": partial,
    "close": close,
    "flood": flood,
    "helper": helper,
    "large": large,
    "error": lambda r: reply(r, error="the image is too strange"),
    "nan": lambda r: reply(r, text=float("nan")),
    "no_text": lambda r: reply(r, words="hello"),
    "blank_lines": lambda r: (write("\n\r\n"), reply(r, text="after blank lines")),
    "answer_and_exit": lambda r: (reply(r, text="the last"), os._exit(0)),
}


def crash_once(request, log):
    """Crashes unless the log says that it did so before."""
    with open(log, encoding="utf-8") as file:
        if file.read().split().count(request["id"]) < 2:
            os._exit(1)
    reply(request, text="recovered")


def greet(mode, max_batch):
    if mode == "die":
        die(None)
    if mode == "silence":
        time.sleep(FOREVER)
    if mode == "slow":
        time.sleep(0.3)
    if mode == "garbage":
        write("Loading model...\n")
    hello = {"sightline": 1, "name": "child", "kinds": ["text"], "max_batch": max_batch}
    if mode == "other_each_time":
        hello["revision"] = str(time.time())
    write(json.dumps(hello) + "\n")
    if mode == "deaf":
        time.sleep(FOREVER)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", default=os.devnull)
    parser.add_argument("--max_batch", type=int, default=1)
    parser.add_argument("--start", default="")
    parser.add_argument("--order", default="")
    arguments = parser.parse_args()

    def note(text):
        with open(arguments.log, "a", encoding="utf-8") as file:
            file.write(text + "\n")

    note("start")
    if arguments.start != "deaf":
        sys.stdin.readline()
    greet(arguments.start, arguments.max_batch)
    held = []
    for line in sys.stdin:
        request = json.loads(line)
        note(request["id"])
        if arguments.order == "reverse":
            held.append(request)
            if len(held) == arguments.max_batch:
                for one in reversed(held):
                    reply(one, text=one["prompt"])
                held = []
        elif request["prompt"] == "crash_once":
            crash_once(request, arguments.log)
        elif request["prompt"] in BEHAVIOURS:
            BEHAVIOURS[request["prompt"]](request)
        else:
            reply(request, text=request["prompt"])


if __name__ == "__main__":
    main()
