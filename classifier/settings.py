"""What one setting of a run is called, which values it may have, and how a value is checked.

A setting is told once, with its field of `TrainConfig`. The check, the form on the page, the
command line's flags and the tables of settings are made from that. Knows no setting by name.
"""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Setting:
    """One setting.

    label, help: for the reader
    low, high: the bounds of a number, which are allowed, unless `above` says that `low` is not
    step: between two values that the page offers; a float that has one gets a slider
    choices: what may be chosen, each with the line that is shown beside it
    networks: those that have this setting, each with what None stands for; empty: all have it
    on_page: whether the training form has it
    flag: on the command line, where it is not the field's name
    metavar: of that flag
    name, kind, optional, default: of the field: "int", "float", "bool" or "str", and whether it may
        be None; `table` fills them in
    """

    label: str
    help: str = ""
    low: float = -math.inf
    high: float = math.inf
    _: KW_ONLY
    above: bool = False
    step: float | None = None
    choices: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, object] = field(default_factory=dict)
    on_page: bool = True
    flag: str = ""
    metavar: str = ""
    name: str = ""
    kind: str = ""
    optional: bool = False
    default: object = None

    def of(self, default: object) -> Any:
        """A field of a dataclass that is this setting, and has that default."""
        return dataclasses.field(default=default, metadata={"setting": self})

    def check(self, value: object) -> None:
        """Raises ValueError, naming the field, the value and what is allowed."""
        if value is None and self.optional:
            return
        if self.choices:
            if not isinstance(value, str) or value not in self.choices:
                raise ValueError(
                    f"{self.name} is {value!r}: choose one of {', '.join(self.choices)}."
                )
        elif not self._allows(value):
            raise ValueError(f"{self.name} is {value!r}: it must {self.allowed}.")

    def parse(self, text: str) -> object:
        """The value that a text says; one that says none stays a text, which `check` refuses."""
        try:
            if self.kind == "int":
                return int(text)
            if self.kind == "float":
                return float(text)
        except ValueError:
            return text
        return {"true": True, "false": False}.get(text, text) if self.kind == "bool" else text

    def _allows(self, value: object) -> bool:
        if self.kind in ("bool", "str"):
            return isinstance(value, bool if self.kind == "bool" else str)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        if self.kind == "int" and not isinstance(value, int):
            return False
        return self.low <= value <= self.high and not (self.above and value == self.low)

    @property
    def allowed(self) -> str:
        """What a value must be: "be a text" …"""
        if self.choices:
            return f"be one of {', '.join(self.choices)}"
        if self.kind == "bool":
            return "be true or false"
        if self.kind == "str":
            return "be a text"
        number = "a whole number" if self.kind == "int" else "a number"
        most = f"{self.high}" if self.kind == "int" else f"{self.high:g}"
        return f"be {number} {'above' if self.above else 'from'} {self.low:g} to {most}"

    @property
    def lines(self) -> list[str]:
        """What it does; or what each choice means, in their order."""
        return [self.help] if self.help else list(self.choices.values())

    @property
    def option(self) -> str:
        """The flag on the command line."""
        return "--" + (self.flag or self.name.replace("_", "-"))


def table(settings: type) -> dict[str, Setting]:
    """The settings of a dataclass whose fields `Setting.of` made, under their names."""
    found = {}
    for one in dataclasses.fields(settings):
        kind, *more = str(one.type).split(" | ")
        found[one.name] = dataclasses.replace(
            one.metadata["setting"],
            name=one.name,
            kind=kind,
            optional="None" in more,
            default=one.default,
        )
    return found
