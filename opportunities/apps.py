from django.apps import AppConfig


class OpportunitiesConfig(AppConfig):
    name = "opportunities"
    verbose_name = "Opportunities"

    def ready(self) -> None:
        from accounts import usage
        from arbedge import schedule, status
        from opportunities import progress, readers

        usage.register("opportunities_per_hour", readers.used)
        status.register("Scan", progress.lines)
        schedule.every("Follow outcomes", "opportunities.outcomes", seconds=60)
        schedule.every("Prune opportunities", "opportunities.prune", seconds=3600)
