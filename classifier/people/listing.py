"""Labelled drawings as a table for a spreadsheet: what each was, and what it was read as.

Knows nothing of networks or of the page.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from classifier.people import filing
from classifier.people.collection import Kept

COLUMNS = ("drawing", "writer", "digit", "answer", "right", "model", "time")


def as_csv(kept: Sequence[Kept], nicknames: Mapping[str, str] | None = None) -> str:
    """A line for each drawing after one with COLUMNS. Drawings and writers are numbered from 0, and
    in order, as in the file of these drawings; answer, right and model are empty where nothing
    answered; the time is UTC.

    nicknames: of writers, by `Visitor.digest`; without any there is no column of them
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS + ("nickname",) * bool(nicknames))
    kept = filing.in_file(kept)
    for number, (one, writer) in enumerate(zip(kept, filing.writers(kept), strict=True)):
        answered = ("", "", "")
        if one.answer is not None:
            answered = (str(one.answer), "yes" if one.answer == one.label else "no", one.model)
        sent = datetime.fromtimestamp(one.time, UTC).isoformat(" ", "seconds")
        row = (number, writer, one.label, *answered, sent.partition("+")[0])
        table.writerow((*row, nicknames.get(one.writer, "")) if nicknames else row)
    return text.getvalue()
