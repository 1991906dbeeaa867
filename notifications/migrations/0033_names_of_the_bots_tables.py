from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0032_groups_are_counted"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="alias",
            options={"verbose_name": "own command name"},
        ),
        migrations.AlterModelOptions(
            name="feedback",
            options={"verbose_name_plural": "feedback"},
        ),
        migrations.AlterModelOptions(
            name="talk",
            options={"verbose_name": "conversation"},
        ),
    ]
