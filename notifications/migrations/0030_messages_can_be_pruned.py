"""Old messages go without a search of whole tables for what refers to them."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0080_worth_behind_an_alert")]
    operations = [
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["opening"],
                condition=models.Q(opening__isnull=False),
                name="message_after_opening",
            ),
        ),
        migrations.AddIndex("slice", models.Index(fields=["facts_of"], name="slice_telling_of")),
        migrations.AddIndex(
            "digestitem", models.Index(fields=["message"], name="digest_item_of_message")
        ),
        migrations.AlterField(
            "delivery",
            "facts_of",
            models.ForeignKey(
                "notifications.message",
                django.db.models.deletion.CASCADE,
                related_name="+",
                db_index=False,
                db_constraint=False,
            ),
        ),
    ]
