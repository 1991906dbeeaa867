"""Words of the account pages."""

from __future__ import annotations

from django import template

from accounts import vault

register = template.Library()


@register.simple_tag
def provider(name: str) -> str:
    """An exchange or AI provider as it writes itself."""
    return vault.provider_name(name)


@register.simple_tag
def percent_of(fraction: float) -> str:
    """A limit that is a fraction, as people enter it: in per cent, without its sign."""
    return f"{fraction * 100:g}".replace("-", "−")
