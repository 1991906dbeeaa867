"""The second factor of staff: a device that makes codes, and backup codes for when it is lost."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils import timezone
from django_otp.models import Device, TimestampMixin
from django_otp.oath import TOTP

from accounts.models.fields import DIGEST_BYTES
from arbedge import clock, sealing

STEP_S: Final = 30
DIGITS: Final = 6
STEPS_OFF: Final = 1  # the code before and the one after the present one are taken too
NEVER: Final = -1


class TotpDevice(TimestampMixin, Device):
    """A device of django-otp whose secret is sealed: a stolen database makes no codes.

    django-otp's own TOTP table holds secrets in clear; its maths (RFC 6238) and its way of binding
    a log-in to a device are used as they are. A person has one confirmed device at most, and one
    that waits for its first code.
    """

    sealed = models.TextField(editable=False)
    used_step = models.BigIntegerField(default=NEVER, editable=False)

    class Meta:
        verbose_name = "second factor"
        constraints = [
            models.UniqueConstraint(fields=["user", "confirmed"], name="second_factor_once"),
        ]

    def __str__(self) -> str:
        return f"second factor of {self.user}"

    def verify_token(self, token: str) -> bool:
        """Whether `token` is a code of now that was not used yet; it is used up by this.

        The row must be locked (`select_for_update`): two at once would both pass.
        """
        if not (token.isascii() and token.isdigit() and len(token) == DIGITS):
            return False
        codes = TOTP(sealing.unseal(self.sealed), STEP_S, digits=DIGITS)
        codes.time = clock.now_ms() / 1000
        if not codes.verify(int(token), STEPS_OFF, self.used_step + 1):
            return False
        self.used_step = codes.t()
        self.last_used_at = timezone.now()
        self.save(update_fields=["used_step", "last_used_at"])
        return True


class BackupCode(models.Model):
    """One of ten codes that stand in for the device once; only a keyed digest is kept."""

    device = models.ForeignKey(TotpDevice, on_delete=models.CASCADE, related_name="backup_codes")
    digest = models.BinaryField(max_length=DIGEST_BYTES)
    used_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["device", "digest"], name="backup_code_once"),
        ]

    def __str__(self) -> str:
        return f"backup code {self.pk}"
