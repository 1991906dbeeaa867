"""The bundled PostgreSQL and Valkey: where they live, how they start, who watches them.

Only the standard library is imported here: the keeper is a process that should cost little.
"""


class EngineError(Exception):
    """A bundled engine cannot be used; the message says what to do about it."""
