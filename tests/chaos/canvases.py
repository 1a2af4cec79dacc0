"""Chains and chords that are submitted as workers send them, and what has to become of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from celery import chain, chord, group
from celery.canvas import Signature

from chalicelib.services.canvas import Sent
from worker.sending import collecting

#: Parts of each chord, steps of each chain.
PARTS = 3
#: Of so many canvases one has a part that fails for good, and one is a chain.
_TURNS = 4


@dataclass(frozen=True)
class Canvas:
    """Its jobs by their ids."""

    #: Parts of a chord; steps of a chain in their order.
    part_ids: list[str]
    #: The body of a chord.
    body_id: str | None
    #: What its body returns; None if it is not to begin.
    total: int | None


def make_canvas(number: int) -> tuple[Canvas, Sent]:
    """The canvas of a submission, and what to write for it; new ids each time."""
    from tests.chaos import tasks  # which read the settings

    numbers = [number + n for n in range(PARTS)]
    parts: list[Any] = [tasks.part.s(one) for one in numbers]
    if number % _TURNS == 1:
        sent, last = _collect(chain(parts[0], tasks.after.s(), tasks.after.s()))
        return Canvas([last.parent.parent.id, last.parent.id, last.id], None, number + 2), sent
    if is_broken := number % _TURNS == 0:
        parts[-1] = tasks.broken.s(numbers[-1])
        body = tasks.orphan.s().on_error(tasks.errback.s())
    else:
        body = tasks.gather.s()
    sent, result = _collect(chord(group(parts), body))
    (begun,) = sent.chords
    return Canvas(begun.parts, result.id, None if is_broken else sum(numbers)), sent


def _collect(signature: Signature) -> tuple[Sent, Any]:
    with collecting() as sent:
        result = signature.apply_async()
    return sent, result
