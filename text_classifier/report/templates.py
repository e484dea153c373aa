"""The templates of the pages: everything is escaped, and what escaping leaves is made showable."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from text_classifier.showable import showable


@dataclass(frozen=True, slots=True)
class Script:
    """The one script that a page may run, and its SHA-256 (base64), which the page's policy names."""

    text: Markup
    digest: str


def page_script() -> Script:
    """The content of page.js."""
    text = files("text_classifier.report").joinpath("page.js").read_text("utf-8")
    return Script(Markup(text), base64.b64encode(hashlib.sha256(text.encode()).digest()).decode())  # noqa: S704


def template(name: str, filters: Mapping[str, Callable[..., Any]]) -> Template:
    """The template of that name beside this module; it knows `filters` and `count`."""
    environment = Environment(
        loader=PackageLoader("text_classifier.report", package_path=""),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters, count=_count)
    return environment.get_template(name)


def _finalize(value: Any) -> Any:
    return showable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _count(rows: int) -> str:
    return f"{rows:,}"
