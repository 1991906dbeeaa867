from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0011_second_factor"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="beta_closed_at",
            field=models.DateTimeField(
                blank=True,
                editable=False,
                help_text="When the end of the beta was dealt with.",
                null=True,
            ),
        ),
        migrations.RemoveIndex(model_name="user", name="user_beta_until"),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                condition=models.Q(("beta_closed_at__isnull", True), ("beta_until__isnull", False)),
                fields=["beta_until"],
                name="user_beta_until",
            ),
        ),
    ]
