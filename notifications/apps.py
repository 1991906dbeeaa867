from django.apps import AppConfig


class NotificationsConfig(AppConfig):
    name = "notifications"
    verbose_name = "Notifications"

    def ready(self) -> None:
        _listen()
        _follow_roles()
        _count()
        _repeat()
        _show()
        _keep(self)
        from notifications import checks, panels  # noqa: F401  registered by being imported


def _listen() -> None:
    """Every scan's events become messages in its own transaction."""
    from notifications import births
    from opportunities.signals import opportunity_events

    opportunity_events.connect(births.receive, dispatch_uid="notifications.births")


def _follow_roles() -> None:
    """Staff's menus in the bot."""
    from accounts import signals
    from notifications.bot.staff import roles_heard

    signals.role_changed.connect(roles_heard.role_changed, dispatch_uid="notifications.menus")
    signals.state_changed.connect(roles_heard.state_changed, dispatch_uid="notifications.menus")


def _count() -> None:
    """Places in people's hours and days: shown on their pages, asked anew when limits change."""
    from django.db.models.signals import post_delete, post_save

    from accounts import signals, usage
    from accounts.models import TierSetting
    from notifications.choosing import quotas

    usage.register("pushes_per_day", quotas.used)
    signals.tier_changed.connect(quotas.tier_changed, dispatch_uid="notifications.quotas")
    for change in (post_save, post_delete):
        change.connect(quotas.limits_changed, TierSetting, dispatch_uid="notifications.quotas")


def _repeat() -> None:
    """What is looked at by the clock, for whoever was not woken."""
    from arbedge import schedule

    schedule.every("Check alerts", "notifications.alerts", seconds=10)
    schedule.every("Read accounts alerts are about", "notifications.accounts", seconds=300)
    schedule.every("Forget codes of addresses", "notifications.codes", seconds=3600)
    schedule.every("Send bundles", "notifications.digests", seconds=15, queue="fanout")
    schedule.every("Write broadcasts out", "notifications.broadcast", seconds=15, queue="fanout")


def _show() -> None:
    """Pages of this floor in everybody's account, a line on the screen, people of a demo."""
    from django.urls import reverse

    from accounts.views import pages
    from arbedge import demo, status
    from notifications import demo as demo_people
    from notifications import progress
    from notifications.bot.staff import load
    from opportunities import asides

    status.register("Messages", progress.lines)
    status.register("Bot", load.lines)
    demo.register("people", demo_people.make)

    pages.add("channels", "Channels", "notifications:channels", after="preferences")
    pages.add("alerts", "Alerts", "notifications:alerts", after="channels")
    pages.add("messages", "Messages", "notifications:messages", after="alerts")

    def about(pk: int) -> str:
        return f"{reverse('notifications:messages')}?about={pk}"

    asides.add("Why did I get this, or not?", about)


def _keep(app: AppConfig) -> None:
    """The queue stays small and the past finite."""
    from django.db.models.signals import post_migrate

    from arbedge import schedule
    from notifications import days

    post_migrate.connect(days.after_migration, sender=app, dispatch_uid="notifications.days")
    schedule.every("Look after messages", "notifications.sweep", seconds=5, queue="fanout")
    schedule.every("Move what was sent to the log", "notifications.journal", seconds=60)
    schedule.every("Tidy up behind the bot", "notifications.bot", seconds=600)
    schedule.every("Make days and prune messages", "notifications.prune", seconds=3600)
