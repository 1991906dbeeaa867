"""The facts of a stored opportunity as it stands now, as those of messages are (see `facts`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from arbedge.names import State
from notifications.writing import facts
from opportunities.models import Opportunity, Outcome


def of(one: Opportunity) -> dict[str, Any]:
    """The facts of an opportunity now, in two queries: the others of its family, and what its
    paper trade had paid when it was last looked at."""
    told: dict[str, Any] = {name: _plain(getattr(one, name)) for name in facts.SAME}
    told["opportunity_id"] = one.pk
    told["long"] = _leg(one, "long")
    told["short"] = _leg(one, "short") if one.short_venue else None
    told["close_reason"] = one.close_reason
    told["old_net"] = one.promise_net
    told["also"] = _also(one)
    told["paper_net"] = paper_net(one)
    return told


def paper_net(one: Opportunity) -> float | None:
    """What the trade had paid on paper when it was last looked at, None before that."""
    outcomes = Outcome.objects.filter(
        followed__opportunity=one, followed__shadow=False, total__isnull=False
    )
    return outcomes.order_by("-due_at").values_list("total", flat=True).first()


def _leg(one: Opportunity, side: str) -> dict[str, Any]:
    return {name: _plain(getattr(one, f"{side}_{name}")) for name in facts.LEG}


def _also(one: Opportunity) -> list[dict[str, Any]]:
    others = Opportunity.objects.filter(family=one.family, state=State.OPEN).exclude(pk=one.pk)
    named = others.order_by("-net", "pk").values("long_venue", "short_venue", "net")
    return [dict(other) for other in named[: facts.MOST_ALSO]]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
