from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        _listen()
        _count()
        from notifications import panels  # noqa: F401  registered by being imported


def _listen() -> None:
    """Every scan's events become messages in its own transaction."""
    from notifications import births
    from opportunities.signals import opportunity_events

    opportunity_events.connect(births.receive, dispatch_uid="notifications.births")


def _count() -> None:
    """Places in people's hours and days: shown on their pages, asked anew when limits change."""
    from django.db.models.signals import post_delete, post_save

    from accounts import signals, usage
    from accounts.models import TierSetting
    from notifications import quotas

    usage.register("pushes_per_day", quotas.used)
    signals.tier_changed.connect(quotas.tier_changed, dispatch_uid="notifications.quotas")
    for change in (post_save, post_delete):
        change.connect(quotas.limits_changed, TierSetting, dispatch_uid="notifications.quotas")
