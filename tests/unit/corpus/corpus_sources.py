"""Small sources, honest and hostile."""

import io
import pickle
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def npy_of(pickled: bytes, rows: int, dtype: str = "|O") -> bytes:
    header = repr({"descr": dtype, "fortran_order": False, "shape": (rows,)}).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + pickled


def saved(values: Any, dtype: Any = None) -> bytes:
    """What np.save writes for a one-dimensional array."""
    array = np.array(values, dtype=dtype) if dtype is not object else _objects(values)
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=True)
    return stream.getvalue()


def _objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def write_npz(path: Path, **members: bytes) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(f"{name}.npy", data)


def write_tar(path: Path, members: dict[str, bytes | str]) -> None:
    """Member name -> content; a text beginning with "->" makes a symbolic link."""
    with tarfile.open(path, "w:gz") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            if isinstance(content, str) and content.startswith("->"):
                member.type, member.linkname = tarfile.SYMTYPE, content[2:]
                archive.addfile(member)
                continue
            data = content if isinstance(content, bytes) else content.encode()
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


def pickled_call(function: Callable[..., Any], *arguments: Any) -> bytes:
    class Attack:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
            return function, arguments

    return pickle.dumps(Attack())
