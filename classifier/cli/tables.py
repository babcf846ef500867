"""Tables of figures, in Markdown."""


def cell(name: str, value: object) -> str:
    """A value as it stands in a table."""
    if value is None:
        return ""
    if isinstance(value, tuple | list):
        return " – ".join(cell(name, part) for part in value)
    return f"{value * 100:.2f} %" if isinstance(value, float) else f"{value}"


def print_table(rows: list[dict[str, str]]) -> None:
    """Rows of the same columns, in Markdown; columns that are empty throughout are left out."""
    names = [name for name in rows[0] if any(row[name] for row in rows)]
    table = [[name.replace("_", " ") for name in names], *[[row[n] for n in names] for row in rows]]
    widths = [max(len(line[k]) for line in table) for k in range(len(names))]
    table.insert(1, ["-" * width for width in widths])
    for line in table:
        print("| " + " | ".join(text.ljust(w) for text, w in zip(line, widths, strict=True)) + " |")
