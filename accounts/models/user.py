"""A person: identity, role, tier and state."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.contrib.postgres.indexes import OpClass
from django.db import models
from django.db.models import F, Q, TextField
from django.db.models.functions import Cast, Lower

from accounts.models.fields import choices, one_of
from arbedge.names import AccountState, Language, Role, Tier


class TierSource(models.TextChoices):
    """Where a tier came from."""

    SIGN_UP = "sign_up", "sign-up"
    PAID = "paid", "paid"
    GRANT = "grant", "granted by staff"
    REFERRAL = "referral", "referral reward"
    EXPIRY = "expiry", "end of the paid time"


class UserManager(DjangoUserManager["User"]):
    """Super-users made by commands hold the role that goes with it."""

    def create_superuser(
        self,
        username: str,
        email: str | None = None,
        password: str | None = None,
        **extra: Any,
    ) -> User:
        extra.setdefault("role", Role.SUPER_ADMIN)
        return super().create_superuser(username, email, password, **extra)


def _begins(name: str, *, number: bool = False) -> models.Index:
    """An index for searches by the beginning of a column, in any letter case."""
    column = Cast(name, TextField()) if number else Lower(name)
    return models.Index(OpClass(column, "text_pattern_ops"), name=f"user_begins_{name}")


class User(AbstractUser):
    """A person. Staff flags follow the role and the state; the database refuses anything else.

    `tier` is what the dated subscription rows say now; `version` grows with every change that
    decides what the person may do.
    """

    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    name = models.CharField(max_length=128, blank=True)
    email_verified_at = models.DateTimeField(null=True, blank=True)
    telegram_id = models.BigIntegerField(unique=True, null=True, blank=True)
    telegram_name = models.CharField(max_length=64, blank=True)

    role = models.CharField(max_length=16, choices=choices(Role), default=Role.USER)
    state = models.CharField(
        max_length=16, choices=choices(AccountState), default=AccountState.ACTIVE
    )
    state_reason = models.CharField(max_length=200, blank=True)
    state_since = models.DateTimeField(null=True, blank=True)
    tier = models.CharField(max_length=16, choices=choices(Tier), default=Tier.FREE)
    tier_source = models.CharField(
        max_length=16, choices=TierSource.choices, default=TierSource.SIGN_UP
    )
    tier_since = models.DateTimeField(null=True, blank=True)
    tier_until = models.DateTimeField(null=True, blank=True)
    beta_until = models.DateTimeField(null=True, blank=True)
    beta_closed_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="When the end of the beta was dealt with."
    )

    language = models.CharField(max_length=2, choices=choices(Language), default=Language.EN)
    time_zone = models.CharField(max_length=64, default="UTC")
    country = models.CharField(max_length=2, blank=True)
    invited_by = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="invited"
    )
    onboarding = models.CharField(max_length=32, blank=True, help_text="The step reached.")
    onboarded_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField(null=True, blank=True)
    version = models.BigIntegerField(default=1, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    class Meta(AbstractUser.Meta):
        db_table = "accounts_user"
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            one_of("role", Role, "user_role_known"),
            one_of("state", AccountState, "user_state_known"),
            one_of("tier", Tier, "user_tier_known"),
            one_of("language", Language, "user_language_known"),
            models.UniqueConstraint(Lower("email"), condition=~Q(email=""), name="user_email_once"),
            models.CheckConstraint(
                condition=Q(is_staff=~Q(role=Role.USER)), name="user_staff_by_role"
            ),
            models.CheckConstraint(
                condition=Q(is_superuser=Q(role=Role.SUPER_ADMIN)), name="user_super_by_role"
            ),
            models.CheckConstraint(
                condition=Q(is_active=Q(state=AccountState.ACTIVE)), name="user_active_by_state"
            ),
            models.CheckConstraint(
                condition=Q(tier_until__isnull=True) | Q(tier_until__gt=F("tier_since")),
                name="user_tier_ends_after_start",
            ),
            models.CheckConstraint(
                condition=Q(telegram_id__isnull=True) | Q(telegram_id__gt=0),
                name="user_telegram_id_positive",
            ),
        ]
        indexes = [
            _begins("username"),
            _begins("name"),
            _begins("email"),
            _begins("telegram_name"),
            _begins("telegram_id", number=True),
            models.Index(fields=["tier_until"], condition=Q(tier_until__isnull=False),
                         name="user_tier_until"),
            models.Index(fields=["beta_until"],
                         condition=Q(beta_until__isnull=False, beta_closed_at__isnull=True),
                         name="user_beta_until"),
            models.Index(fields=["role"], condition=~Q(role=Role.USER), name="user_staff_roles"),
            models.Index(fields=["state"], condition=~Q(state=AccountState.ACTIVE),
                         name="user_not_active"),
            models.Index(fields=["date_joined"], name="user_joined"),
            models.Index(fields=["tier", "-id"], condition=~Q(tier=Tier.FREE),
                         name="user_above_free"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return self.name or self.username

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Flags that follow from role and state are set before every write."""
        self.is_staff = self.role != Role.USER
        self.is_superuser = self.role == Role.SUPER_ADMIN
        self.is_active = self.state == AccountState.ACTIVE
        fields = kwargs.get("update_fields")
        if fields is not None and {"role", "state"} & set(fields):
            kwargs["update_fields"] = {*fields, "is_staff", "is_superuser", "is_active"}
        super().save(*args, **kwargs)

    def has_perm(self, perm: str, obj: Any = None) -> bool:  # noqa: ARG002
        """From the role alone; Django would allow super-users even what nobody knows."""
        from accounts.backends import granted

        return self.is_active and self.is_staff and perm in granted(self.role)

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name or self.username
