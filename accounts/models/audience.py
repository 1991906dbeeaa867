"""Who can be reached: one narrow row per person with a session, kept by the database itself."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Audience(models.Model):
    """A person whose account and session are active, as numbers to be compared by the million.

    Nobody writes here: triggers on users, sessions, preferences and keys do, from the view
    `accounts_audience_truth`. Time alone changes no row: whoever reads compares `session_until`,
    `tier_until` and `beta_until` with now.

    Positions and bits are those of the enums in `arbedge.names` and `arbedge.choices`; -1 in a
    mask is "all, those to come too"; an empty list of assets is NULL. `vip_levels` holds 4 bits
    per venue for the first 15 of choices.VENUES. `keys` are the venues one may trade on with keys
    of one's own. `notices` come at all, `silent` ones without a sound. Minutes are those of the
    person's own day in `zone`; accounts.audience says why.
    """

    user_id = models.BigIntegerField(primary_key=True)
    session_until = models.DateTimeField()
    seen_at = models.DateTimeField()
    tier_until = models.DateTimeField(null=True)
    beta_until = models.DateTimeField(null=True)
    venues = models.BigIntegerField()
    keys = models.BigIntegerField()
    vip_levels = models.BigIntegerField()
    min_net = models.FloatField()
    min_apr = models.FloatField()
    min_confidence = models.FloatField()
    leverage = models.FloatField()
    notional_usd = models.IntegerField()
    kinds = models.IntegerField()
    shelves = models.IntegerField()
    tier = models.SmallIntegerField()
    role = models.SmallIntegerField()
    max_risk = models.SmallIntegerField()
    horizon_hours = models.SmallIntegerField()
    focus = models.SmallIntegerField()
    experience = models.SmallIntegerField()
    automation = models.SmallIntegerField()
    notices = models.SmallIntegerField()
    silent = models.SmallIntegerField()
    spread = models.SmallIntegerField()
    frequency = models.SmallIntegerField()
    digest_at_min = models.SmallIntegerField()
    active_from_min = models.SmallIntegerField(null=True)
    active_to_min = models.SmallIntegerField(null=True)
    quiet_from_min = models.SmallIntegerField(null=True)
    quiet_to_min = models.SmallIntegerField(null=True)
    quiet_to_digest = models.BooleanField()
    executable_only = models.BooleanField()
    ai_key = models.BooleanField()
    language = models.CharField(max_length=2)
    country = models.CharField(max_length=2)
    zone = models.CharField(max_length=64)
    channels = ArrayField(models.SmallIntegerField())
    assets_in = ArrayField(models.CharField(max_length=20), null=True)
    assets_out = ArrayField(models.CharField(max_length=20), null=True)

    class Meta:
        verbose_name_plural = "audience"
        indexes = [
            models.Index(fields=["tier"], name="audience_tier"),
            models.Index(
                fields=["beta_until"],
                condition=models.Q(beta_until__isnull=False),
                name="audience_beta",
            ),
        ]

    def __str__(self) -> str:
        return f"person {self.user_id}, reachable until {self.session_until:%Y-%m-%d %H:%M}"
