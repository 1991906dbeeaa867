"""What grows with time lies in tables partitioned by day; days are added by notifications.days."""

from django.db import migrations

LOG = """
CREATE TABLE notifications_deliverylog (
    id bigint NOT NULL,
    message_id bigint NOT NULL,
    facts_of_id bigint NOT NULL,
    recipient varchar(4) NOT NULL,
    recipient_id bigint NOT NULL,
    topic varchar(16) NOT NULL,
    opportunity_id bigint,
    opening_id bigint,
    items bigint[],
    state varchar(10) NOT NULL,
    code varchar(32) NOT NULL,
    priority smallint NOT NULL,
    tier smallint NOT NULL,
    silent boolean NOT NULL,
    counted boolean NOT NULL,
    language varchar(2) NOT NULL,
    zone varchar(64) NOT NULL,
    notional_usd integer NOT NULL,
    horizon_hours smallint NOT NULL,
    vip_levels bigint NOT NULL,
    leverage double precision NOT NULL,
    channels smallint[] NOT NULL,
    place smallint NOT NULL,
    to_all boolean NOT NULL,
    attempts smallint NOT NULL,
    refs jsonb NOT NULL,
    variant varchar(40) NOT NULL,
    created_at timestamptz NOT NULL,
    sent_at timestamptz,
    settled_at timestamptz NOT NULL,
    channel smallint NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (id, settled_at)
) PARTITION BY RANGE (settled_at);
CREATE INDEX deliverylog_of_recipient
    ON notifications_deliverylog (recipient, recipient_id, id DESC);
CREATE INDEX deliverylog_of_opportunity
    ON notifications_deliverylog (opportunity_id, recipient, recipient_id)
    WHERE opportunity_id IS NOT NULL;
CREATE INDEX deliverylog_of_message ON notifications_deliverylog (message_id);
CREATE INDEX deliverylog_ended_badly
    ON notifications_deliverylog (settled_at DESC) WHERE state IN ('failed', 'dead');
CREATE TABLE notifications_deliverylog_rest PARTITION OF notifications_deliverylog DEFAULT;
"""
ATTEMPT = """
CREATE TABLE notifications_attempt (
    id uuid NOT NULL,
    delivery_id bigint NOT NULL,
    recipient varchar(4) NOT NULL,
    recipient_id bigint NOT NULL,
    address_id bigint,
    channel varchar(10) NOT NULL,
    at timestamptz NOT NULL,
    outcome varchar(10) NOT NULL,
    code varchar(32) NOT NULL,
    detail varchar(200) NOT NULL,
    provider_id varchar(120) NOT NULL,
    took_ms double precision NOT NULL,
    PRIMARY KEY (id, at)
) PARTITION BY RANGE (at);
CREATE INDEX attempt_of_delivery ON notifications_attempt (delivery_id);
CREATE INDEX attempt_of_recipient
    ON notifications_attempt (recipient, recipient_id, channel, at DESC);
CREATE INDEX attempt_by_channel ON notifications_attempt (channel, at DESC);
CREATE TABLE notifications_attempt_rest PARTITION OF notifications_attempt DEFAULT;
"""


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_messages_and_deliveries")]
    operations = [
        migrations.RunSQL(LOG, "DROP TABLE notifications_deliverylog"),
        migrations.RunSQL(ATTEMPT, "DROP TABLE notifications_attempt"),
    ]
