"""What a run says, on a terminal."""

import sys

from classifier.events import STAGES, EpochEnded, Event, Failed, Finished, Progress


class Terminal:
    """Shows a run's events on a terminal: a bar while it trains, a line for each epoch."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        self._console = Console(highlight=False)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[accuracy]}"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
        )
        self._task = self._bar.add_task("", total=1.0, accuracy="")

    def __call__(self, event: Event) -> None:
        match event:
            case Progress(note=note) if note:
                self._console.print(note)
            case Progress():
                self._bar.start()
                text = STAGES[event.stage] + (f", epoch {event.epoch}" if event.epoch else "")
                accuracy = "" if event.accuracy is None else f"accuracy {event.accuracy:.2%}"
                self._bar.update(
                    self._task, description=text, completed=event.fraction or 0.0, accuracy=accuracy
                )
            case EpochEnded():
                self._console.print(
                    f"Epoch {event.epoch}: accuracy {event.accuracy:.2%}, "
                    f"on validation images {event.val_accuracy:.2%} ({event.seconds:.1f} s)"
                )
            case Finished():
                self._bar.stop()
                self._console.print(
                    f"Test accuracy {event.test_accuracy:.2%} on {event.test_images:,} digits it "
                    f"never saw, {event.train_accuracy:.2%} on those it trained on. "
                    f"Saved as {event.model}."
                )
            case Failed():
                self._bar.stop()
                print(f"Error: {event.error}", file=sys.stderr)
