"""Settings that come into the training form from elsewhere, and what was there before."""

from dataclasses import dataclass

from classifier.config import TrainConfig


@dataclass(frozen=True)
class Preset:
    """Settings that were put into the training form from elsewhere.

    number: tells one putting from the next, so that the form's fields begin anew
    origin: where they come from, for the reader; problem: what of it could not be put there
    """

    config: TrainConfig
    origin: str
    number: int
    problem: str = ""


@dataclass(frozen=True)
class Before:
    """What an experiment of the lesson takes the place of.

    answering: the name of the model that answered; None if none had been chosen yet
    asked, preset: the training form's, as in `session.Session`
    """

    answering: str | None
    asked: dict[str, object]
    preset: Preset | None
