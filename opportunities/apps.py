from django.apps import AppConfig


class OpportunitiesConfig(AppConfig):
    name = "opportunities"
    verbose_name = "Opportunities"

    def ready(self) -> None:
        from arbedge import schedule, status
        from opportunities import progress

        status.register("Scan", progress.lines)
        schedule.every("Follow outcomes", "opportunities.outcomes", seconds=60)
        schedule.every("Prune opportunities", "opportunities.prune", seconds=3600)
