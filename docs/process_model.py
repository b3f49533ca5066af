#!/usr/bin/env python3
"""Any Python model as a model for Sightline: fill in the three methods of `Model`.

    sightline generate --model process --model_args command="python3 docs/process_model.py" \
        --image photo.jpg --prompt "What is this?"

Nothing but answers may go to stdout. So it is kept for them here, and whatever libraries print goes
to stderr, which Sightline shows in its log.
"""

import json
import sys


class Model:
    """Stands in for a model: it answers from the words of the request alone."""

    kinds = ["text", "detect", "ground", "reconstruct"]

    def __init__(self, task, precision):
        """Loads weights; `precision` is "" unless the user asked for one."""

    def text(self, prompt, images, max_new_tokens):
        """The answer to a prompt about the images (paths) as a string."""
        return " ".join(prompt.split()[:max_new_tokens])

    def boxes(self, image, names):
        """Boxes in pixels of the image for the categories (or the one expression) in `names`."""
        return [{"xyxy": [0, 0, 10, 10], "label": name} for name in names]


def answer(model, request):
    kind = request["kind"]
    if kind == "text":
        return {"text": model.text(request["prompt"], request["images"], request["max_new_tokens"])}
    if kind == "reconstruct":  # the input itself, which is its own best reconstruction
        return {"image": request["image"]}
    names = request["categories"] if kind == "detect" else [request["expression"]]
    return {"boxes": model.boxes(request["images"][0], names)}


def main():
    answers, sys.stdout = sys.stdout, sys.stderr
    job = json.loads(sys.stdin.readline())
    model = Model(job["task"], job["precision"])
    hello = {"sightline": 1, "name": "stand-in", "kinds": model.kinds}
    # Two at a time: the next request is here already while one is being answered.
    print(json.dumps({**hello, "max_batch": 2}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = answer(model, request)
        except Exception as error:  # charged to this request; the next ones go on
            reply = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps({"id": request["id"], **reply}), file=answers, flush=True)


if __name__ == "__main__":
    main()
