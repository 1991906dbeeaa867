from django.apps import AppConfig


class OpportunitiesConfig(AppConfig):
    name = "opportunities"
    verbose_name = "Opportunities"

    def ready(self) -> None:
        from arbedge import schedule

        schedule.every("Follow outcomes", "opportunities.outcomes", seconds=60)
        schedule.every("Prune opportunities", "opportunities.prune", seconds=3600)
