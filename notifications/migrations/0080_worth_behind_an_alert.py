"""An alert about a person's own money remembers what it is compared with."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_tables_by_day")]
    operations = [
        migrations.AddField(
            "alerttrigger",
            "base",
            models.FloatField(null=True, help_text="worth of the account when it was set, USDT"),
        ),
        migrations.AddField(
            "alerttrigger",
            "seen",
            models.FloatField(null=True, help_text="worth of the account when last read, USDT"),
        ),
        migrations.AddField("alerttrigger", "seen_at", models.DateTimeField(null=True)),
        migrations.AddField(
            "alerttrigger",
            "problem",
            models.CharField(max_length=200, blank=True, default=""),
        ),
    ]
