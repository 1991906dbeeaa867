from django.apps import AppConfig
from django.conf import settings


class ExchangesConfig(AppConfig):
    name = "exchanges"
    verbose_name = "Markets"

    def ready(self) -> None:
        from accounts import vault
        from arbedge import schedule, status
        from exchanges import checks, keys, standing  # noqa: F401  checks register themselves

        status.register("Venues", standing.lines)
        vault.validator("exchange", keys.check)

        often = float(settings.SCAN_EVERY_S)
        lapse = max(1, round(often))
        schedule.every(
            "Collect markets", "exchanges.collect", seconds=often, queue="market", expires_s=lapse
        )
        schedule.every("Settled funding of the short list", "exchanges.history", seconds=10)
        schedule.every("Networks of coins", "exchanges.networks", seconds=1800)
        schedule.every("Prune data quality counters", "exchanges.prune_quality", seconds=3600)
