"""The addresses of recipients: found for sending, added, proven, disabled, moved, removed."""

from __future__ import annotations

from notifications.reaching import Reach, Reachable, reach

__all__ = ["Reach", "Reachable", "reach"]
