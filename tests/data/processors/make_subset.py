"""Copies the part of the image processors' goldens that the repository carries.

usage: make_subset.py GOLDENS   (the folder with `models/`)
"""

import json
import pathlib
import shutil
import struct
import sys

HERE = pathlib.Path(__file__).resolve().parent
IMAGES = {"png/photo_land.png", "png/tiny.png"}
KEPT = {"siglip", "clip", "clip_crop_larger", "llava_ov", "qwen2_vl", "siglip_rect_bilinear"}
TABLE_ROWS = 30


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


def write_part(source, name, document, tensor_names):
    (HERE / f"{name}.json").write_text(json.dumps(document, indent=0) + "\n")
    tensors = read_tensors(source / f"{name}.safetensors")
    write_tensors(HERE / f"{name}.safetensors", {k: tensors[k] for k in tensor_names})


def copy_processors(source):
    document = json.loads((source / "processors.json").read_text())
    cases = []
    for case in document["cases"]:
        if case["processor"] in KEPT and case.get("file") in IMAGES:
            if case["processor"] in ("llava_ov", "qwen2_vl"):
                case.pop("pixel_values", None)  # 250 kB each
            cases.append(case)
    document["cases"] = cases
    names = [c[key] for c in cases for key in ("pixel_u8", "pixel_values") if key in c]
    write_part(source, "processors", document, names)


def copy_torchvision(source):
    document = json.loads((source / "torchvision_resize.json").read_text())
    document["cases"] = [c for c in document["cases"] if c["file"] == "png/photo_land.png"]
    write_part(source, "torchvision_resize", document, [c["key"] for c in document["cases"]])


def copy_tables(source):
    tables = json.loads((source / "size_tables.json").read_text())
    for name, rows in tables.items():
        if isinstance(rows, list) and name != "pinpoints":
            tables[name] = rows[:TABLE_ROWS]
    (HERE / "size_tables.json").write_text(json.dumps(tables) + "\n")


def main():
    source = pathlib.Path(sys.argv[1]) / "models" / "images"
    copy_processors(source)
    copy_torchvision(source)
    copy_tables(source)
    (HERE / "png").mkdir(exist_ok=True)
    for image in IMAGES:
        (HERE / image).unlink(missing_ok=True)
        shutil.copyfile(source / image, HERE / image)


if __name__ == "__main__":
    main()
