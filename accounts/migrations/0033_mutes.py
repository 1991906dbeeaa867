"""What people mute, until when, and what its end gives back."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0032_people_as_such"),
    ]

    operations = [
        migrations.CreateModel(
            name="Mute",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "what",
                    models.CharField(choices=[("coin", "coin"), ("venue", "venue")], max_length=8),
                ),
                ("name", models.CharField(max_length=20)),
                ("since", models.DateTimeField(default=django.utils.timezone.now)),
                ("until", models.DateTimeField(blank=True, null=True)),
                ("took", models.BooleanField()),
                ("from_all", models.BooleanField(default=False)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="mutes",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("until__isnull", False)),
                        fields=["until"],
                        name="mute_until",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "what", "name"), name="mute_one_of_a_thing"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("what__in", ["coin", "venue"])),
                        name="mute_of_known_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("name", ""), _negated=True), name="mute_of_something"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until__isnull", True),
                            ("until__gt", models.F("since")),
                            _connector="OR",
                        ),
                        name="mute_ends_later",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("from_all", False),
                            models.Q(("took", True), ("what", "venue")),
                            _connector="OR",
                        ),
                        name="mute_from_all_took_a_venue",
                    ),
                ],
            },
        ),
    ]
