"""The version of the code that decides a step's output: a digest over the modules that the step uses."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

_PACKAGE_DIR = Path(__file__).parent
_PACKAGE = _PACKAGE_DIR.name
_NOT_CODE = (f"{_PACKAGE}.config", f"{_PACKAGE}.errors")
"""Values that stand among a fingerprint's parameters, and words: neither changes what the same step writes."""


def code_digest(*modules: str) -> str:
    """SHA-256 over the source of the named modules and of all modules of this package that they import, however far.

    Templates and other files beside those modules count too. Other libraries do not: after an upgrade that matters,
    run with refresh=true.

    Raises:
        ModuleNotFoundError: this package has no module of that name.
    """
    digest = hashlib.sha256()
    for module, path in sorted(_used(modules).items()):
        digest.update(module.encode())
        digest.update(path.read_bytes())
        for beside in sorted(path.parent.iterdir()):
            if beside.is_file() and beside.suffix not in {".py", ".pyc"}:
                digest.update(beside.read_bytes())
    return digest.hexdigest()


def modules_used(*modules: str) -> frozenset[str]:
    """Names of the modules whose source `code_digest` reads."""
    return frozenset(_used(modules))


def _used(modules: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        path = _file_of(name)
        if path is None:
            raise ModuleNotFoundError(name)
        found[name] = path
        waiting += [module for module in _imported(path) if not module.startswith(_NOT_CODE)]
    return found


@cache
def _imported(path: Path) -> frozenset[str]:
    return frozenset(name for name in _names(ast.parse(path.read_bytes())) if _file_of(name))


def _names(tree: ast.AST) -> Iterator[str]:
    """Every name that an import could mean: `from package import name` may mean the module package.name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _file_of(module: str) -> Path | None:
    package, *parts = module.split(".")
    if package != _PACKAGE:
        return None
    place = _PACKAGE_DIR.joinpath(*parts)
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.is_file()), None)
