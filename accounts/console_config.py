"""Django's admin with our site in it. Named in INSTALLED_APPS, so it is read before any model."""

from django.contrib.admin.apps import AdminConfig


class ConsoleConfig(AdminConfig):
    """`django.contrib.admin`, whose site asks staff for a second factor."""

    default_site = "accounts.console_site.ConsoleSite"
