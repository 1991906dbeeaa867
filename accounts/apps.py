from django.apps import AppConfig

from arbedge import schedule


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"

    def ready(self) -> None:
        _listen()
        _watch_the_tier_table()
        from accounts import checks, panels  # noqa: F401  registered by being imported

        schedule.every("End tiers and betas", "accounts.expire_tiers", seconds=60)
        schedule.every("End mutes", "accounts.end_mutes", seconds=60)
        schedule.daily("Prune the audit log", "accounts.prune_audit", at="03:40")
        schedule.daily("Clear web log-ins", "accounts.clear_web_logins", at="03:50")
        schedule.every("Write use of API tokens", "accounts.flush_token_use", seconds=60)
        schedule.daily("Clear used log-ins", "accounts.clear_log_ins", at="03:55")
        schedule.every("Write activity of sessions", "accounts.flush_activity", seconds=15)
        schedule.daily("Settle lapsed sessions", "accounts.clean_up_sessions", at="03:10")
        schedule.daily("Empty invitations that are over", "accounts.tidy_invitations", at="03:20")
        schedule.daily("Follow referrals", "accounts.follow_referrals", at="03:25")
        schedule.daily("Make affiliates' payouts", "accounts.make_payouts", at="03:30")
        schedule.daily("Grade affiliates", "accounts.grade_affiliates", at="03:35")


def _listen() -> None:
    """The audit hears of what auditlog writes, and of who logs in and out."""
    from auditlog.models import LogEntry
    from auditlog.signals import pre_log
    from django.contrib.auth import signals
    from django.db.models.signals import pre_save

    from accounts import audit, audit_logins, second_factor

    pre_log.connect(audit.remember_logged, dispatch_uid="audit.remember_logged")
    pre_save.connect(audit.complete, sender=LogEntry, dispatch_uid="audit.complete")
    signals.user_logged_in.connect(audit_logins.entered, dispatch_uid="audit.entered")
    signals.user_logged_out.connect(audit_logins.left, dispatch_uid="audit.left")
    signals.user_login_failed.connect(audit_logins.failed, dispatch_uid="audit.failed")
    signals.user_logged_in.connect(second_factor.note_log_in, dispatch_uid="second_factor.log_in")


def _watch_the_tier_table() -> None:
    """However a setting of the tier table was written, every process hears of it."""
    from django.db.models.signals import post_delete, post_save

    from accounts import tiers
    from accounts.models import TierSetting

    for signal in (post_save, post_delete):
        signal.connect(tiers.saved, sender=TierSetting, dispatch_uid="tiers.saved")
