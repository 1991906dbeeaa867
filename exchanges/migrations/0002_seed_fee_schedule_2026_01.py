"""Puts the published fee table 2026-01 into the database, where the console edits it."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# The published tables are named constants that never change; there is one copy of them.
from exchanges.fees import published

VERSION = "2026-01"


def seed(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    fee_rate = apps.get_model("exchanges", "FeeRate")
    fee_rate.objects.using(editor.connection.alias).bulk_create(
        [fee_rate(**rate._asdict()) for rate in published(VERSION)], ignore_conflicts=True
    )


def unseed(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    fee_rate = apps.get_model("exchanges", "FeeRate")
    fee_rate.objects.using(editor.connection.alias).filter(version=VERSION).delete()


class Migration(migrations.Migration):
    dependencies = [("exchanges", "0001_instruments_fees_verdicts")]

    operations = [migrations.RunPython(seed, unseed)]
