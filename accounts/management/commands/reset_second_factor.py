"""`manage.py reset_second_factor <name>`: for the super admin who lost phone and backup codes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import second_factor
from accounts.models import User


class Command(BaseCommand):
    help = "Takes a person's second factor away and logs the person out everywhere; audited."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="the name the person logs in with")
        parser.add_argument("--reason", default="by command", help="told in the audit log")

    def handle(self, *_: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["name"]).first()
        if user is None:
            raise CommandError(f"Nobody logs in as {options['name']!r}.")
        if second_factor.reset(user, by=None, reason=options["reason"]):
            self.stdout.write(f"{user.username} sets up a new second factor at the next log-in.")
        else:
            self.stdout.write(f"{user.username} had no second factor. Nothing was changed.")
