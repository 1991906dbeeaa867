"""A text that shows itself only to who asks for it by name."""

from __future__ import annotations

from typing import Any, NoReturn

SHOWN = "[hidden]"


class Hidden:
    """Wraps a secret. Its repr, str and format show nothing, and it cannot be pickled.

    So a secret that strays into a log line, an error page, a cache or a task's arguments is not
    told there: it is either shown as `[hidden]` or refused with TypeError.
    """

    __slots__ = ("__text",)
    __text: str

    def __init__(self, text: str) -> None:
        object.__setattr__(self, "_Hidden__text", text)

    def reveal(self) -> str:
        """Returns the text."""
        return self.__text

    def __repr__(self) -> str:
        return SHOWN

    def __str__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        return format(SHOWN, spec)

    def __bool__(self) -> bool:
        return bool(self.__text)

    def __eq__(self, other: object) -> bool:
        from arbedge import sealing

        return isinstance(other, Hidden) and sealing.same(self.__text, other.__text)

    def __hash__(self) -> int:
        return hash((Hidden, self.__text))

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError("a hidden text cannot be changed")

    def __copy__(self) -> Hidden:
        return self

    def __deepcopy__(self, _: Any) -> Hidden:
        return self

    def __reduce_ex__(self, _: Any) -> NoReturn:
        raise TypeError("a hidden text is not pickled: pass the id of what holds it")

    def __getstate__(self) -> NoReturn:
        raise TypeError("a hidden text has no state to show")
