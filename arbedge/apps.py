from django.apps import AppConfig


class ArbedgeConfig(AppConfig):
    name = "arbedge"
    verbose_name = "ArbEdge"

    def ready(self) -> None:
        from arbedge import celery  # noqa: F401  tasks of every process bind to this application
