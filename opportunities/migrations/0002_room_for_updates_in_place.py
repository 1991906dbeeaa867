"""Live rows are rewritten by every scan: leave room beside them and sweep often.

No indexed column changes in such an update, so with free room in the page PostgreSQL keeps the new
version beside the old one and touches no index at all.
"""

from django.db import migrations

STORAGE = {
    "opportunities_opportunity": "fillfactor = 45, autovacuum_vacuum_scale_factor = 0.05",
    "opportunities_sighting": "fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05",
    "opportunities_nearmiss": "fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05",
}


class Migration(migrations.Migration):
    dependencies = [("opportunities", "0001_opportunities_and_their_lives")]

    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {table} SET ({settings})",
            f"ALTER TABLE {table} RESET (fillfactor, autovacuum_vacuum_scale_factor)",
        )
        for table, settings in STORAGE.items()
    ]
