"""Every module of commands, imported once: each adds its own to the registry."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pkgutil import iter_modules

from notifications.bot import commands


@lru_cache(maxsize=1)
def load() -> None:
    """Fills the registry with the commands of this floor; those of floors above add themselves."""
    for found in iter_modules(commands.__path__):
        import_module(f"{commands.__name__}.{found.name}")
