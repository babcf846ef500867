"""A page server is killed in mid-class: `python -m tests.benchmarks.failover [TIMES]`.

Two phones draw for a class on two page servers behind a proxy. The server of one is killed
(SIGKILL) again and again, while both draw on: the seconds from there until each is answered.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

from classifier.cli.evaluate import print_table
from tests.benchmarks import settings
from tests.browser import (
    click,
    expect_blank,
    launched,
    open_class,
    open_page,
    open_phone,
    write,
)
from tests.servers import several


def main(times: int) -> None:
    """Kill, and print."""
    rows: list[tuple[float, list[float]]] = []
    with (
        tempfile.TemporaryDirectory() as home,
        settings(HOME=home),
        several(2, {}, Path(home) / "log.txt") as servers,
        launched() as browser,
    ):
        host = open_page(browser, servers.url)
        link = open_class(host)
        phones = [open_phone(browser, link) for _ in range(2)]
        for _ in range(times):
            servers.wait_for(1, 2)
            for phone in phones:
                begun = time.monotonic()
                write(phone, 2)
                usual = time.monotonic() - begun
                click(phone, "clear")
                expect_blank(phone)
            servers.process(servers.of(phones[0].context)).kill()
            killed = time.monotonic()
            answered = []
            for phone in phones:
                write(phone, 2)
                answered.append(time.monotonic() - killed)
            rows.append((usual, answered))
            for phone in phones:
                click(phone, "clear")
                expect_blank(phone)
    usual = statistics.median(one for one, _ in rows)
    first = [answered[0] for _, answered in rows]
    both = [answered[-1] for _, answered in rows]
    print_table(
        [
            {
                "kills": str(times),
                "to draw and be answered, s": f"{usual:.2f}",
                "the first after a kill, s": f"{statistics.median(first):.2f}",
                "at most": f"{max(first):.2f}",
                "both after a kill, s": f"{statistics.median(both):.2f}",
                "both at most": f"{max(both):.2f}",
            }
        ]
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
