"""Copies the part of the image goldens that the repository carries.

usage: make_subset.py GOLDENS   (the folder with `models/` and `metrics/`)
"""

import json
import pathlib
import shutil
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
RESIZE_FILES = {"png/photo_port.png", "png/tiny.png", "png/row.png"}


def read_tensors(path):
    data = path.read_bytes()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + size])
    header.pop("__metadata__", None)
    body = data[8 + size :]
    return {name: (entry, body[slice(*entry["data_offsets"])]) for name, entry in header.items()}


def write_tensors(path, tensors):
    header, body = {}, b""
    for name, (entry, data) in sorted(tensors.items()):
        header[name] = entry | {"data_offsets": [len(body), len(body) + len(data)]}
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def is_kept(case):
    return case["file"] in RESIZE_FILES and (case["mode"] == "RGB" or case["file"] == "png/tiny.png")


def copy_resize_cases(source):
    cases = json.loads((source / "pillow_resize.json").read_text())
    kept = [c for c in cases if "box" in c or is_kept(c)]
    (HERE / "pillow_resize.json").write_text(json.dumps(kept, indent=0) + "\n")
    for name, key in (("pillow_resize", "key"), ("pillow_resize_legacy_order", "legacy_key")):
        tensors = read_tensors(source / f"{name}.safetensors")
        wanted = {c[key] for c in kept if key in c}
        write_tensors(
            HERE / f"{name}.safetensors", {k: v for k, v in tensors.items() if k in wanted}
        )
    for file in {c["file"] for c in kept}:
        copy(source / file, HERE / file)


def copy(source, target):
    target.parent.mkdir(exist_ok=True)
    target.unlink(missing_ok=True)
    shutil.copyfile(source, target)


def main():
    goldens = pathlib.Path(sys.argv[1])
    images = goldens / "models" / "images"
    for pattern in ("jpeg/*", "png_variants/*", "jpeg_decode.*", "png_decode.*"):
        for path in images.glob(pattern):
            copy(path, HERE / path.relative_to(images))
    copy_resize_cases(images)
    for path in (goldens / "metrics" / "image").iterdir():
        if "torch_bilinear" not in path.name:
            copy(path, HERE / "metrics" / path.name)
    for suffix in ("json", "safetensors"):
        path = goldens / "models" / "flowmo" / "metrics" / f"golden.{suffix}"
        copy(path, HERE / "flowmo" / f"metrics.{suffix}")


if __name__ == "__main__":
    main()
