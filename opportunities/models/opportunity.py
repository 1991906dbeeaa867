"""One trade idea from opened to closed: its legs, its figures and where it stands."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q

from arbedge.names import CloseReason, Risk, State
from opportunities.models.legs import TwoLegs, choices, leg, named, sane_prices, two_legs


class LegFigures(models.Model):
    """What each leg quoted at the last trusted observation; prices per coin in quote currency."""

    long_bid = models.FloatField()
    long_ask = models.FloatField()
    short_bid = models.FloatField(null=True)
    short_ask = models.FloatField(null=True)
    long_rate = models.FloatField(null=True, help_text="announced funding rate, fraction")
    short_rate = models.FloatField(null=True, help_text="announced funding rate, fraction")
    long_interval_hours = models.FloatField(null=True)
    short_interval_hours = models.FloatField(null=True)
    long_next_at = models.DateTimeField(null=True, help_text="next settlement")
    short_next_at = models.DateTimeField(null=True, help_text="next settlement")
    long_fee_bps = models.FloatField(null=True)
    short_fee_bps = models.FloatField(null=True)
    long_age_ms = models.FloatField(null=True)
    short_age_ms = models.FloatField(null=True)
    long_mark = models.FloatField(null=True)
    short_mark = models.FloatField(null=True)

    class Meta:
        abstract = True


class Figures(models.Model):
    """What the trade pays, as fractions of the long leg's entry value."""

    first = models.FloatField(null=True)
    later = models.FloatField(null=True)
    k = models.FloatField(null=True)
    cost = models.FloatField(null=True)
    gap = models.FloatField(null=True)
    gross_announced = models.FloatField(null=True)
    net_announced = models.FloatField(null=True)
    net = models.FloatField()
    net_at_size = models.FloatField(null=True)
    apr_net = models.FloatField(null=True)
    break_even_at = models.DateTimeField(null=True)
    return_on_capital = models.FloatField(null=True)
    risk = models.CharField(max_length=8, choices=choices(Risk))
    score = models.FloatField(null=True)
    score_parts = models.JSONField(null=True)
    shelves = models.BigIntegerField(default=0, help_text="bit mask of shelves")
    reasons = models.BigIntegerField(default=0, help_text="bit mask of names.Reason")
    measured = models.FloatField(help_text="the figure compared with the threshold")
    threshold = models.FloatField()
    horizon_hours = models.FloatField(null=True)
    ends_at = models.DateTimeField(null=True, help_text="delisting, or expiry of a dated leg")
    cohorts = models.JSONField(null=True, help_text="figures per cohort of size, horizon and VIP")
    fee_version = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        abstract = True


class Promise(models.Model):
    """The figures as last announced."""

    promise_net = models.FloatField()
    promise_net_announced = models.FloatField(null=True)
    promise_measured = models.FloatField()
    promise_at = models.DateTimeField()
    improved_count = models.PositiveSmallIntegerField(
        default=0, help_text="improvements within the 4 h before the last one, itself included"
    )
    improved_at = models.DateTimeField(null=True)
    improved_before_at = models.DateTimeField(null=True, help_text="the improvement before that")

    class Meta:
        abstract = True


class Life(models.Model):
    """The state machine's own memory between two scans."""

    live_key = models.CharField(  # noqa: DJ001  (null is what UNIQUE lets be many)
        max_length=32, null=True
    )
    state = models.CharField(max_length=8, choices=choices(State))
    held_from = models.CharField(max_length=8, blank=True, default="")
    best = models.BooleanField(default=False, help_text="the best live row of its family")
    settling = models.BooleanField(default=False)
    opened_at = models.DateTimeField()
    as_of = models.DateTimeField(help_text="the last scan that looked at this row")
    confirmed_at = models.DateTimeField(help_text="the last scan that saw it pay")
    expires_at = models.DateTimeField(help_text="how long the last confirmation is good for")
    closed_at = models.DateTimeField(null=True)
    close_reason = models.CharField(max_length=16, blank=True, default="")
    below_half_since = models.DateTimeField(null=True)
    negative_seen = models.PositiveSmallIntegerField(default=0)
    gate_since = models.DateTimeField(null=True)
    held_since = models.DateTimeField(null=True)
    figure_at = models.DateTimeField(null=True, help_text="time of the last history row")
    figure_net = models.FloatField(null=True, help_text="net of the last history row")

    class Meta:
        abstract = True


class Opportunity(TwoLegs, LegFigures, Figures, Promise, Life):
    """A trade idea; one live row at most per fingerprint (`live_key`), any number of closed."""

    long = leg(constraint=True)
    short = leg(constraint=True, null=True)

    class Meta:
        verbose_name_plural = "opportunities"
        indexes = [
            models.Index(
                fields=["kind", "state"],
                condition=~Q(state=State.CLOSED.value),
                name="opportunity_live_by_kind",
            ),
            models.Index(
                fields=["fingerprint", "closed_at"],
                condition=Q(closed_at__isnull=False),
                name="opportunity_past_of_print",
            ),
            models.Index(
                fields=["closed_at"],
                condition=Q(closed_at__isnull=False),
                name="opportunity_closed_at",
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["live_key"], name="opportunity_lives_once"),
            named("state", State),
            named("risk", Risk),
            named("close_reason", CloseReason, blank=True),
            two_legs(),
            sane_prices("long"),
            sane_prices("short"),
            models.CheckConstraint(
                condition=Q(state=State.CLOSED.value, live_key__isnull=True)
                | ~Q(state=State.CLOSED.value)
                & Q(live_key__isnull=False, live_key=F("fingerprint")),
                name="opportunity_live_key_is_null_when_closed",
            ),
            models.CheckConstraint(
                condition=Q(state=State.CLOSED.value, closed_at__isnull=False) & ~Q(close_reason="")
                | ~Q(state=State.CLOSED.value) & Q(closed_at__isnull=True, close_reason=""),
                name="opportunity_closing_is_told_when_closed",
            ),
            models.CheckConstraint(
                condition=Q(state=State.HELD.value, held_since__isnull=False) & ~Q(held_from="")
                | ~Q(state=State.HELD.value) & Q(held_since__isnull=True, held_from=""),
                name="opportunity_held_since_when_held",
            ),
            models.CheckConstraint(
                condition=Q(
                    as_of__gte=F("opened_at"),
                    confirmed_at__gte=F("opened_at"),
                    confirmed_at__lte=F("as_of"),
                    expires_at__gt=F("confirmed_at"),
                    promise_at__gte=F("opened_at"),
                )
                & (Q(closed_at__isnull=True) | Q(closed_at__gte=F("opened_at"))),
                name="opportunity_times_are_sane",
            ),
            models.CheckConstraint(
                condition=Q(threshold__gt=0, threshold__lt=1)
                & Q(measured__lt=100, net__lt=100)
                & (Q(score__isnull=True) | Q(score__gte=0, score__lte=1)),
                name="opportunity_figures_are_sane",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.asset} {self.long_venue}/{self.short_venue} {self.state}"
