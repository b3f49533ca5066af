"""Writes the numpy files beside this file. Needs Python 3 and numpy.

Arrays hold 0, 1, 2, ... in C order unless their name says otherwise.
"""

import io
import os

import numpy as np
from numpy.lib import format as npy

FOLDER = os.path.dirname(os.path.abspath(__file__))


def write(name, content):
    with open(os.path.join(FOLDER, name), "wb") as file:
        file.write(content)


def saved(array, version=None):
    buffer = io.BytesIO()
    npy.write_array(buffer, array, version=version)
    return buffer.getvalue()


def counted(shape, dtype):
    return np.arange(np.prod(shape, dtype=int)).reshape(shape).astype(dtype)


def main():
    for dtype in ("b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", "c8"):
        write(f"array_{dtype}.npy", saved(counted((2, 3), dtype)))
    write("array_v2.npy", saved(counted((2, 3), "f4"), (2, 0)))
    write("array_v3.npy", saved(counted((2, 3), "f4"), (3, 0)))
    write("array_fortran.npy", saved(np.asfortranarray(counted((2, 3, 4), "i4"))))
    write("matrix_fortran.npy", saved(np.asfortranarray(counted((5, 3), "f8"))))
    write("array_scalar.npy", saved(np.array(7.5)))
    write("array_vector.npy", saved(counted((4,), "i8")))
    write("array_empty.npy", saved(np.zeros((0, 3), "f4")))
    python2 = b"{'descr': '<i4', 'fortran_order': False, 'shape': (2L,), }"
    python2 += b" " * (-(len(python2) + 11) % 16) + b"\n"
    write("array_python2.npy", b"\x93NUMPY\x01\x00" + len(python2).to_bytes(2, "little") + python2 + bytes([0, 0, 0, 0, 1, 0, 0, 0]))

    write("bad_big_endian.npy", saved(counted((2, 3), ">f4")))
    write("bad_text.npy", saved(np.array(["a", "b"])))
    write("bad_structure.npy", saved(np.zeros(2, [("x", "f4"), ("y", "i4")])))
    write("bad_object.npy", b"\x93NUMPY\x01\x00" + saved(np.array([1, None], dtype=object))[8:])

    arrays = {"mu": np.arange(3.0), "sigma": counted((3, 3), "f8") / 4, "count": np.array(5), "images": counted((1, 2, 2, 3), "u1")}
    np.savez(os.path.join(FOLDER, "stored.npz"), **arrays)
    np.savez_compressed(os.path.join(FOLDER, "packed.npz"), **arrays)


if __name__ == "__main__":
    main()
