"""The audit table: indexes for the questions operators ask, and nobody changes a line."""

from django.db import migrations

INDEXES = {
    "audit_by_actor": '(actor_id, "timestamp" DESC)',
    "audit_by_whom": """((additional_data ->> 'whom'), "timestamp" DESC)""",
    "audit_by_what": """((additional_data ->> 'what') text_pattern_ops, "timestamp" DESC)""",
    "audit_by_door": """((additional_data ->> 'door'), "timestamp" DESC)""",
    "audit_by_address": '(remote_addr, "timestamp" DESC)',
    "audit_security": """("timestamp" DESC) WHERE (additional_data ->> 'security') = 'true'""",
    "audit_plain": """("timestamp") WHERE (additional_data ->> 'security') IS DISTINCT FROM 'true'""",
}

# A user's row may go; the line then keeps his id in additional_data and only its reference ends.
GUARD = """
CREATE FUNCTION accounts_audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('arbedge.audit_pruning', true) = 'on' THEN
        RETURN COALESCE(NEW, OLD);
    END IF;
    IF TG_OP = 'UPDATE' AND NEW.actor_id IS NULL AND OLD.actor_id IS NOT NULL
       AND to_jsonb(NEW) - 'actor_id' = to_jsonb(OLD) - 'actor_id' THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER accounts_audit_guard BEFORE UPDATE OR DELETE ON auditlog_logentry
    FOR EACH ROW EXECUTE FUNCTION accounts_audit_guard();
"""
UNGUARD = """
DROP TRIGGER accounts_audit_guard ON auditlog_logentry;
DROP FUNCTION accounts_audit_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_audience"),
        ("auditlog", "0017_add_actor_email"),
    ]
    operations = [
        *(
            migrations.RunSQL(
                f"CREATE INDEX {name} ON auditlog_logentry {columns}", f"DROP INDEX {name}"
            )
            for name, columns in INDEXES.items()
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
