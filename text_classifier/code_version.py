"""The version of the code that decides a step's output: a digest over the modules that the step uses."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NOT_CODE = frozenset({"config", "errors"})
"""Values that stand among a fingerprint's parameters, and words: neither changes what the same step writes."""

_DECIDING = frozenset({".py", ".c", ".html", ".css", ".js", ".json"})


class SourceTree:
    """The source of a package as it stood when this object was made."""

    def __init__(self, package_dir: Path) -> None:
        self._package = package_dir.name
        files = (path for path in sorted(package_dir.rglob("*")) if path.suffix in _DECIDING and path.is_file())
        self._source = {path.relative_to(package_dir): path.read_bytes() for path in files}

    def digest(self, *modules: str) -> str:
        """See `code_digest`."""
        folders = {path.parent for path in self._used(modules).values()}
        beside = [path for path in self._source if path.parent in folders and path.suffix != ".py"]
        digest = hashlib.sha256()
        for path in sorted([*self._used(modules).values(), *beside]):
            digest.update(f"{path.as_posix()} {len(self._source[path])}\n".encode())
            digest.update(self._source[path])
        return digest.hexdigest()

    def used(self, *modules: str) -> frozenset[str]:
        """Names of the modules whose source `digest` reads."""
        return frozenset(self._used(modules))

    def _used(self, modules: tuple[str, ...]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        waiting = list(modules)
        while waiting:
            name = waiting.pop()
            if name in found:
                continue
            path = self._file_of(name)
            if path is None:
                raise ModuleNotFoundError(name)
            found[name] = path
            waiting += self._imported(path)
        return found

    def _imported(self, path: Path) -> Iterator[str]:
        for name in _imported_names(ast.parse(self._source[path])):
            file = self._file_of(name)
            if file is not None and not NOT_CODE & {file.parts[0], file.stem if len(file.parts) == 1 else ""}:
                yield name

    def _file_of(self, module: str) -> Path | None:
        package, *parts = module.split(".")
        if package != self._package:
            return None
        place = Path(*parts)
        return next(
            (
                path
                for path in (place.with_suffix(".py") if parts else place, place / "__init__.py")
                if path in self._source
            ),
            None,
        )


_LOADED = SourceTree(Path(__file__).parent)
"""Read when the process starts: the checkout may change while a run waits, the code that it runs does not."""


@cache
def code_digest(*modules: str) -> str:
    """SHA-256 over the source of the named modules and of all modules of this package that they import, however far.

    Templates beside those modules count too. Other libraries do not: after an upgrade that matters, run with
    refresh=true.

    Raises:
        ModuleNotFoundError: this package has no module of that name.
    """
    return _LOADED.digest(*modules)


def _imported_names(tree: ast.AST) -> Iterator[str]:
    """Every name that an import could mean: `from package import name` may mean the module package.name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
