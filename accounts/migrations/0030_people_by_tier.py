"""The console lists the people of one tier without reading everybody."""

from django.db import migrations, models

from arbedge.names import Tier


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0020_beta_closed"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                fields=["tier", "-id"],
                condition=~models.Q(tier=Tier.FREE),
                name="user_above_free",
            ),
        ),
    ]
