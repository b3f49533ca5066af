"""Writes the PyTorch checkpoints beside this file, and checkpoints.json with what they hold.

Needs Python 3 and numpy, no PyTorch: its classes are replaced by ones of the same names, so that the
pickles hold what torch.save writes. The zip files are laid out as PyTorch's own writer does it:
members stored, at multiples of 64 bytes, their sizes behind them (data descriptors), with ZIP64
records at the end.
"""

import collections
import io
import json
import os
import pickle
import struct
import sys
import types
import zipfile
import zlib

import numpy as np

FOLDER = os.path.dirname(os.path.abspath(__file__))
NUMPY_NAMES = {"f4": "F32", "f8": "F64", "f2": "F16", "i8": "I64", "i4": "I32", "i2": "I16", "i1": "I8", "u1": "U8",
               "u2": "U16", "b1": "BOOL", "c8": "C64"}
STORAGES = {"F32": "FloatStorage", "F64": "DoubleStorage", "F16": "HalfStorage", "BF16": "BFloat16Storage",
            "I64": "LongStorage", "I32": "IntStorage", "I16": "ShortStorage", "I8": "CharStorage", "U8": "ByteStorage",
            "BOOL": "BoolStorage", "C64": "ComplexFloatStorage", "U16": "UntypedStorage"}


def module(name):
    sys.modules[name] = types.ModuleType(name)
    return sys.modules[name]


def place(owner, name, thing):
    thing.__module__, thing.__name__, thing.__qualname__ = owner.__name__, name, name
    setattr(owner, name, thing)


torch, utils, storage_module = module("torch"), module("torch._utils"), module("torch.storage")
torch._utils, torch.storage = utils, storage_module
for function in ("_rebuild_tensor_v2", "_rebuild_tensor_v3", "_rebuild_parameter"):
    place(utils, function, (lambda: lambda *_: None)())
for storage_name in set(STORAGES.values()) - {"UntypedStorage"}:
    place(torch, storage_name, type(storage_name, (), {}))
place(storage_module, "UntypedStorage", type("UntypedStorage", (), {}))


class DType:
    def __init__(self, name):
        self.name = name

    def __reduce__(self):
        return self.name  # a text: the name of a global


torch.uint16 = DType("uint16")
DType.__module__ = "torch"


class Size(tuple):
    def __reduce__(self):
        return Size, (tuple(self),)


place(torch, "Size", Size)


class Storage:
    """Numbers in one piece; `bits` holds bfloat16 as uint16."""

    def __init__(self, numbers, name=None):
        self.numbers = np.ascontiguousarray(numbers).reshape(-1)
        self.name = name or NUMPY_NAMES[self.numbers.dtype.str[1:]]


class Tensor:
    def __init__(self, storage, shape, strides=None, offset=0):
        if not isinstance(storage, Storage):
            storage = Storage(storage)
        if strides is None:
            strides = [int(np.prod(shape[i + 1:])) for i in range(len(shape))]
        self.storage, self.shape, self.strides, self.offset = storage, tuple(shape), tuple(strides), offset

    def __reduce_ex__(self, protocol):
        arguments = (self.storage, self.offset, self.shape, self.strides, False, collections.OrderedDict())
        if self.storage.name == "U16":
            return utils._rebuild_tensor_v3, arguments + (torch.uint16, None)
        return utils._rebuild_tensor_v2, arguments

    def expected(self):
        numbers = self.storage.numbers
        at = [self.offset + sum(i * s for i, s in zip(index, self.strides)) for index in np.ndindex(*self.shape)]
        picked = numbers[at] if at else numbers[:0]
        return {"dtype": self.storage.name, "shape": list(self.shape), "hex": picked.tobytes().hex()}


class Parameter:
    def __init__(self, tensor):
        self.tensor = tensor

    def __reduce_ex__(self, protocol):
        return utils._rebuild_parameter, (self.tensor, True, collections.OrderedDict())

    def expected(self):
        return self.tensor.expected()


def contiguous(numbers):
    return Tensor(numbers, numbers.shape)


def pickled(value, protocol):
    """The pickle, and the storages it refers to."""
    storages = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing):
            if not isinstance(thing, Storage):
                return None
            if thing not in storages:
                storages.append(thing)
            untyped = thing.name == "U16"
            kind = storage_module.UntypedStorage if untyped else getattr(torch, STORAGES[thing.name])
            count = thing.numbers.nbytes if untyped else len(thing.numbers)
            return ("storage", kind, str(storages.index(thing)), "cuda:0" if thing.name == "F16" else "cpu", count)

    buffer = io.BytesIO()
    Pickler(buffer, protocol).dump(value)
    return buffer.getvalue(), storages


def zipped(members):
    """A zip file as PyTorch's writer (miniz with its changes) lays it out."""
    out, directory = bytearray(), bytearray()
    for name, content in members:
        at, encoded = len(out), name.encode()
        extra = b"FB" + struct.pack("<H", 0)
        padding = -(at + 30 + len(encoded) + len(extra)) % 64
        extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
        crc = zlib.crc32(content)
        out += struct.pack("<IHHHHHIIIHH", 0x04034B50, 0, 0x0808, 0, 0, 0, 0, 0, 0, len(encoded), len(extra))
        out += encoded + extra + content + struct.pack("<IIII", 0x08074B50, crc, len(content), len(content))
        directory += struct.pack("<IHHHHHHIIIHHHHHII", 0x02014B50, 0, 0, 0x0808, 0, 0, 0, crc, len(content),
                                 len(content), len(encoded), 0, 0, 0, 0, 0, at) + encoded
    offset, end = len(out), len(out) + len(directory)
    out += directory
    out += struct.pack("<IQHHIIQQQQ", 0x06064B50, 44, 0x031E, 0x002D, 0, 0, len(members), len(members), len(directory),
                       offset)
    out += struct.pack("<IIQI", 0x07064B50, 0, end, 1)
    out += struct.pack("<IHHHHIIH", 0x06054B50, 0, 0, len(members), len(members), len(directory), offset, 0)
    return bytes(out)


def members_of(value, root, protocol=2, byteorder=b"little"):
    data, storages = pickled(value, protocol)
    members = [(f"{root}/data.pkl", data)]
    if byteorder is not None:
        members.append((f"{root}/byteorder", byteorder))
    members += [(f"{root}/data/{i}", storage.numbers.tobytes()) for i, storage in enumerate(storages)]
    return members + [(f"{root}/version", b"3\n"), (f"{root}/.data/serialization_id", b"0" * 40)]


def write(name, content):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(content)


def leaves(value, name=""):
    if isinstance(value, (Tensor, Parameter)):
        yield name, value.expected()
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{name}.{key}" if name else str(key))
    elif isinstance(value, (list, tuple)) and not isinstance(value, Size):
        for key, item in enumerate(value):
            yield from leaves(item, f"{name}.{key}" if name else str(key))
    else:
        yield name, None


def state_dict():
    base = Storage(np.arange(24, dtype="f4") / 8 - 1)
    tied = contiguous(np.arange(6, dtype="f4").reshape(2, 3))
    bfloat = Storage(np.array([0x3F80, 0xC000, 0x7F80, 0x3EAB], dtype="u2"), "BF16")
    values = collections.OrderedDict()
    values["encoder.weight"] = Tensor(base, (4, 6))
    values["encoder.transposed"] = Tensor(base, (6, 4), (1, 6))
    values["encoder.column"] = Tensor(base, (4,), (6,), offset=5)
    values["encoder.rows"] = Tensor(base, (2, 6), offset=12)
    values["encoder.channels_last"] = Tensor(base, (1, 2, 3, 4), (24, 1, 8, 2))
    values["encoder.one_wide"] = Tensor(base, (3, 1), (1, 77))
    values["encoder.expanded"] = Tensor(base, (3, 2), (0, 1), offset=2)
    values["tied.a"], values["tied.b"] = tied, tied
    values["half"] = contiguous(np.array([1, -0.5, 65504], dtype="f2"))
    values["bfloat"] = Tensor(bfloat, (2, 2))
    values["steps"] = Tensor(np.array([123456789012], dtype="i8"), ())
    values["mask"] = contiguous(np.array([True, False, True]))
    values["double"] = contiguous(np.array([1 / 3]))
    values["bytes"] = contiguous(np.arange(3, dtype="u1"))
    values["small"] = contiguous(np.array([-1, 127], dtype="i1"))
    values["short"] = contiguous(np.array([-2], dtype="i2"))
    values["int"] = contiguous(np.array([-3], dtype="i4"))
    values["complex"] = contiguous(np.array([1 + 2j], dtype="c8"))
    values["empty"] = Tensor(np.zeros(0, dtype="f4"), (0, 3))
    values._metadata = collections.OrderedDict([("", {"version": 1}), ("encoder", {"version": 2})])
    return values


def training():
    weight = contiguous(np.arange(4, dtype="f4").reshape(2, 2))
    average = contiguous(np.arange(4, dtype="f4").reshape(2, 2) / 2)
    moment = contiguous(np.ones(4, dtype="f4"))
    return {
        "model_state_dict": collections.OrderedDict([("encoder.weight", weight)]),
        "model_ema_state_dict": collections.OrderedDict([("encoder.weight", average)]),
        "optimizer": {"state": {0: {"step": 7, "exp_avg": moment}},
                      "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.999), "params": [0]}]},
        "total_steps": 7,
        "shape": Size((2, 2)),
        "name": "caf\u00e9",
    }


class Call:
    def __init__(self, function, arguments):
        self.what = function, arguments

    def __reduce__(self):
        return self.what


def namespace():
    import argparse

    return {"model": contiguous(np.ones(1, dtype="f4")), "args": argparse.Namespace(lr=1)}


def main():
    parameters = {"weight": Parameter(contiguous(np.arange(3, dtype="f4"))),
                  "codes": contiguous(np.array([1, 65535], dtype="u2"))}
    good = {"state_dict.pt": state_dict(), "state_dict_protocol4.pt": state_dict(), "training.pth": training(),
            "parameters.bin": parameters, "bare.pt": contiguous(np.arange(3, dtype="f4")), "old.pt": parameters,
            "deflated.pt": parameters}
    write("state_dict.pt", zipped(members_of(good["state_dict.pt"], "state_dict")))
    write("state_dict_protocol4.pt", zipped(members_of(good["state_dict_protocol4.pt"], "archive", protocol=4)))
    write("training.pth", zipped(members_of(good["training.pth"], "training")))
    write("parameters.bin", zipped(members_of(parameters, "parameters")))
    write("bare.pt", zipped(members_of(good["bare.pt"], "bare")))
    write("old.pt", zipped(members_of(parameters, "archive", byteorder=None)))
    with zipfile.ZipFile(os.path.join(FOLDER, "deflated.pt"), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members_of(parameters, "deflated"):
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    expected = {file: {name: leaf for name, leaf in leaves(value)} for file, value in good.items()}
    write("checkpoints.json", (json.dumps(expected, indent=1, ensure_ascii=False) + "\n").encode())

    write("bad_call.pt", zipped(members_of({"model": Call(os.system, ("true",))}, "bad")))
    write("bad_namespace.pt", zipped(members_of(namespace(), "bad")))
    write("bad_byteorder.pt", zipped(members_of(parameters, "bad", byteorder=b"big")))
    script = members_of(parameters, "script") + [("script/constants.pkl", b"\x80\x02).")]
    write("bad_script.pt", zipped(script + [("script/code/__torch__.py", b"pass\n")]))
    legacy = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})]
    write("bad_legacy.pt", b"".join(legacy))


if __name__ == "__main__":
    main()
