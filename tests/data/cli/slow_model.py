#!/usr/bin/env python3
"""A model for tests of the program: answers that depend on the request alone, as slowly as asked.

    slow_model.py [--delay SECONDS] [--log FILE] [--crash WORDS] [--error WORDS] [--hang WORDS]
                  [--quit_after N]

A request with WORDS in it crashes the program, gets an error, or is never answered. After N
answers, counted in the file LOG over all starts, the program refuses to start.
"""

import argparse
import json
import os
import sys
import time
import zlib

WORDS = ["yes", "yes", "no", "2", "red", "a large blue ring"]


def answer(request):
    key = zlib.crc32(json.dumps([request.get(k) for k in ("prompt", "expression")]).encode())
    if request["kind"] == "text":
        return {"text": WORDS[key % len(WORDS)]}
    names = request.get("categories") or [request.get("expression")]
    x, y = key % 200, key // 200 % 150
    box = {"xyxy": [x, y, x + 120.5, y + 100.25], "label": names[key % len(names)]}
    return {"boxes": [{**box, "score": key % 1000 / 1000}]}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--log", default=os.devnull)
    for behaviour in ("crash", "error", "hang"):
        parser.add_argument("--" + behaviour)
    parser.add_argument("--quit_after", type=int)
    options = parser.parse_args()

    if options.quit_after is not None and os.path.exists(options.log):
        with open(options.log, encoding="utf-8") as log:
            if len(log.readlines()) >= options.quit_after:
                sys.exit("the licence of this model has run out")
    sys.stdin.readline()
    kinds = ["text", "detect", "ground"]
    print(json.dumps({"sightline": 1, "name": "slow", "kinds": kinds, "max_batch": 2}), flush=True)
    for number, line in enumerate(sys.stdin):
        request = json.loads(line)
        if options.quit_after is not None and number >= options.quit_after:
            os._exit(1)
        if options.crash and options.crash in line:
            os._exit(1)
        if options.hang and options.hang in line:
            with open(options.log + ".hangs", "w", encoding="utf-8"):
                pass
            time.sleep(1000)
        time.sleep(options.delay)
        if options.error and options.error in line:
            reply = {"error": "this one is too hard"}
        else:
            reply = answer(request)
        with open(options.log, "a", encoding="utf-8") as log:
            log.write(request["id"] + "\n")
        print(json.dumps({"id": request["id"], **reply}), flush=True)


if __name__ == "__main__":
    main()
