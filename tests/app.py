"""What tests of the page without a browser share."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from classifier.config import PROJECT

_KINDS = ("markdown", "caption", "warning", "info", "error", "title")


def new_page() -> AppTest:
    """The page of one visitor, not drawn yet."""
    return AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)


def run(page: AppTest) -> AppTest:
    """Draw the page, which must go well."""
    page.run()
    assert not page.exception
    return page


def press(page: AppTest, key: str) -> None:
    """Click the button with this key."""
    page.button(key=key).click()
    run(page)


def words(page: AppTest) -> str:
    """All text on the page, but for labels."""
    return " ".join(e.value for kind in _KINDS for e in page.get(kind))
