#!/usr/bin/env python3
"""A judge for tests: its verdict depends on the hypothesis alone.

    judge.py [--log FILE] [--delay SECONDS] [--revision TEXT] [--garbage N] [--error N] [--crash N]
             [--hang N]

Each question's id goes into LOG. A hypothesis whose checksum is N modulo 7 gets other words, gets an
error, crashes the judge, or is never answered.
"""

import argparse
import json
import os
import sys
import time
import zlib

VERDICTS = ["entailment", "Neutral.", "contradiction", "Entailment"]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", default=os.devnull)
    parser.add_argument("--delay", type=float, default=0)
    parser.add_argument("--revision", default="")
    for behaviour in ("garbage", "error", "crash", "hang"):
        parser.add_argument("--" + behaviour, type=int)
    options = parser.parse_args()

    sys.stdin.readline()
    hello = {"sightline": 1, "name": "checksum", "kinds": ["text"], "max_batch": 2}
    print(json.dumps({**hello, "revision": options.revision}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        hypothesis = request["prompt"].split("Hypothesis: ")[1].split("\n\n")[0]
        checksum = zlib.crc32(hypothesis.encode())
        with open(options.log, "a", encoding="utf-8") as log:
            log.write(request["id"] + "\n")
        if options.crash == checksum % 7:
            os._exit(1)
        if options.hang == checksum % 7:
            time.sleep(1000)
        time.sleep(options.delay)
        reply = {"text": VERDICTS[checksum % 4]}
        if options.garbage == checksum % 7:
            reply = {"text": "I would say neutral"}
        if options.error == checksum % 7:
            reply = {"error": "no opinion"}
        print(json.dumps({"id": request["id"], **reply}), flush=True)


if __name__ == "__main__":
    main()
