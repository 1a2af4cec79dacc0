"""Decoding messages with msgspec, several times faster than kombu, where the two mean the same."""

from __future__ import annotations

from typing import Any

import msgspec
from kombu.transport import SQS
from kombu.utils.json import loads

#: What msgspec raises. It refuses some of what kombu takes, as NaN, and half of a surrogate pair.
_REFUSED = (msgspec.MsgspecError, RecursionError, ValueError)
#: Kombu makes a value of another type of an object with this key.
_TYPED = "__type__"
_JSON = ("application/json", "utf-8")


def decode_json(text: str) -> Any:
    """What kombu's `loads` makes of JSON; raises as that does."""
    if _TYPED not in text:
        try:
            return msgspec.json.decode(text)
        except _REFUSED:
            pass
    return loads(text)


class Message(SQS.Channel.Message):  # type: ignore[misc]  # kombu has no types
    """Kombu's message, whose JSON is decoded as above."""

    # Kombu looks the content type up, and makes a decoder for each message.
    def _decode(self) -> Any:
        body = self.body
        is_json = (self.content_type, self.content_encoding) == _JSON
        is_accepted = is_json and self.content_type in (self.accept or ())
        if is_accepted and isinstance(body, bytes) and _TYPED.encode() not in body:
            try:
                return msgspec.json.decode(body)
            except _REFUSED:
                pass
        return super()._decode()
