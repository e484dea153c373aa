"""The templates of the pages: everything is escaped, and what escaping leaves is made showable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from text_classifier.showable import showable


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
