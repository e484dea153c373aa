"""What tests ask of every page that the project writes."""

import base64
import hashlib
import re
from html.parser import HTMLParser

HOSTILE = (
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "\u202egnp.exe",
    "W" * 100_000,
    "a\x00b & {{ 7 * 7 }} {% raw %}",
)


class Elements(HTMLParser):
    """Collects the elements, their attributes and the text of a page; `words` is its text with single spaces."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.pieces: list[str] = []
        self.feed(page)

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def words(self) -> str:
        return " ".join(" ".join(self.pieces).split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)


def assert_it_asks_the_network_for_nothing(page: str) -> None:
    elements = Elements(page)
    assert not {"link", "img", "iframe", "object", "base", "form"} & set(elements.names)
    addresses = [value for name, value in elements.attributes if name in {"src", "href", "xlink:href"}]
    assert all(str(address).startswith("#") for address in addresses)
    assert not re.search(r"@import|url\((?!#)", page)


def assert_only_the_script_that_the_policy_names_may_run(page: str) -> None:
    script = re.search(r"<script>(.*)</script>", page, re.DOTALL)
    assert script
    digest = base64.b64encode(hashlib.sha256(script.group(1).encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    assert ("content", policy) in Elements(page).attributes
    assert Elements(page).names.count("script") == 1
