"""The audience: its table, the view that is its truth, and the triggers that keep the two equal."""

import django.contrib.postgres.fields
from django.db import migrations, models

# As they were when this was written: positions are stored, so names are only ever added.
VENUES = (
    "binance", "bybit", "okx", "bitget", "gate", "kucoin", "mexc", "htx", "kraken", "coinbase",
    "bingx", "bitmart", "cryptocom", "whitebit", "bitfinex", "bitmex", "deribit", "hyperliquid",
    "phemex", "coinex", "lbank", "xt", "ascendex", "poloniex", "woo", "bitstamp", "gemini",
    "upbit", "bithumb", "krakenfutures", "kucoinfutures", "binanceus", "bitrue", "digifinex",
    "toobit", "blofin", "backpack", "paradex", "dydx", "woofipro",
)  # fmt: skip
VENUES_WITH_VIP = VENUES[:15]
TIERS = ("free", "basic", "premium", "pro", "enterprise")
ROLES = ("user", "support", "admin", "super_admin")
RISKS = ("low", "medium", "high")
FOCUSES = ("arbitrage", "technical", "hybrid")
EXPERIENCES = ("beginner", "intermediate", "advanced")
AUTOMATIONS = ("manual", "semi", "full")
NOTICES = ("opened", "improved", "fading", "closed", "alert", "service", "news")
SPREADS = ("first", "all")
FREQUENCIES = ("immediate", "5min", "15min", "30min", "hourly", "daily")
CHANNELS = ("telegram", "email", "web_push", "webhook", "sms", "slack", "discord", "custom")


def names(known: tuple[str, ...]) -> str:
    return "ARRAY[" + ", ".join(f"'{name}'" for name in known) + "]::text[]"


def position(column: str, known: tuple[str, ...], default: str) -> str:
    """SQL for the position of a name, of the default where the person has no row."""
    return f"(array_position({names(known)}, COALESCE({column}, '{default}')::text) - 1)::smallint"


READERS = f"""
CREATE FUNCTION accounts_vip_levels(levels jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(bit_or(
        least(greatest((levels ->> venue)::numeric, 0), 9)::bigint << (4 * (place - 1))::int
    ), 0)
    FROM unnest({names(VENUES_WITH_VIP)}) WITH ORDINALITY AS known(venue, place)
    WHERE jsonb_typeof(levels -> venue) = 'number'
$$;
CREATE FUNCTION accounts_notices(switches jsonb, wanted text[]) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(bit_or(1 << (place - 1)::int), 0)::smallint
    FROM unnest({names(NOTICES)}) WITH ORDINALITY AS known(notice, place)
    WHERE COALESCE(switches ->> notice, 'on') = ANY(wanted)
$$;
CREATE FUNCTION accounts_channels(chosen text[]) RETURNS smallint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT COALESCE(array_agg((array_position({names(CHANNELS)}, channel) - 1)::smallint
                              ORDER BY place), '{{}}')
    FROM unnest(chosen) WITH ORDINALITY AS one(channel, place)
    WHERE channel = ANY({names(CHANNELS)})
$$;
"""  # noqa: S608

# column: how it follows from a person (u), his sessions (s), keys (k) and preferences (p)
TRUTH = {
    "user_id": "u.id",
    "session_until": "s.until",
    "seen_at": "s.seen_at",
    "tier_until": "u.tier_until",
    "beta_until": "u.beta_until",
    "venues": "COALESCE(p.venues, -1)",
    "keys": "COALESCE(k.venues, 0)",
    "vip_levels": """COALESCE(
        CASE WHEN p.vip_levels <> '{}' THEN accounts_vip_levels(p.vip_levels) END, 0)""",
    "min_net": "COALESCE(p.min_net, 0)",
    "min_apr": "COALESCE(p.min_apr, 0)",
    "min_confidence": "COALESCE(p.min_confidence, 0)",
    "leverage": "COALESCE(p.leverage, 2)",
    "notional_usd": "COALESCE(p.notional_usd, 1000)",
    "kinds": "COALESCE(p.kinds, -1)",
    "shelves": """COALESCE(p.shelves, CASE p.experience
        WHEN 'advanced' THEN -1 WHEN 'intermediate' THEN ~(1 << 9) ELSE 7 END)""",
    "tier": position("u.tier", TIERS, "free"),
    "role": position("u.role", ROLES, "user"),
    "max_risk": position("p.max_risk", RISKS, "high"),
    "horizon_hours": "COALESCE(p.horizon_hours, 72)::smallint",
    "focus": position("p.focus", FOCUSES, "arbitrage"),
    "experience": position("p.experience", EXPERIENCES, "beginner"),
    "automation": position("p.automation", AUTOMATIONS, "manual"),
    "notices": f"""COALESCE(CASE WHEN p.switches <> '{{}}'
        THEN accounts_notices(p.switches, '{{on,silent}}') END, {2 ** len(NOTICES) - 1})::smallint""",
    "silent": """COALESCE(CASE WHEN p.switches <> '{}'
        THEN accounts_notices(p.switches, '{silent}') END, 0)::smallint""",
    "spread": position("p.spread", SPREADS, "first"),
    "frequency": position("p.frequency", FREQUENCIES, "immediate"),
    "digest_at_min": "COALESCE(p.digest_at_min, 480)::smallint",
    "active_from_min": "p.active_from_min",
    "active_to_min": "p.active_to_min",
    "quiet_from_min": "p.quiet_from_min",
    "quiet_to_min": "p.quiet_to_min",
    "quiet_to_digest": "COALESCE(p.quiet_to_digest, false)",
    "executable_only": "COALESCE(p.executable_only, false)",
    "ai_key": "COALESCE(k.ai, false)",
    "language": "u.language",
    "country": "u.country",
    "zone": "u.time_zone",
    # Who never chose is reached where he came from.
    "channels": """CASE
        WHEN p.channels <> '{}' THEN accounts_channels(p.channels)
        WHEN u.telegram_id IS NOT NULL THEN '{0}'::smallint[]
        WHEN u.email_verified_at IS NOT NULL THEN '{1}'::smallint[]
        ELSE '{}'::smallint[] END""",
    "assets_in": "NULLIF(p.assets_in, '{}')",
    "assets_out": "NULLIF(p.assets_out, '{}')",
}
COLUMNS = ", ".join(TRUTH)
OTHERS = [column for column in TRUTH if column != "user_id"]

# The lateral parts let the planner answer for a few people by index, and for all in one pass.
VIEW = f"""
CREATE VIEW accounts_audience_truth AS
SELECT {", ".join(f"{sql} AS {column}" for column, sql in TRUTH.items())}
FROM accounts_user u
JOIN LATERAL (
    SELECT max(expires_at) AS until, max(seen_at) AS seen_at FROM accounts_session
    WHERE user_id = u.id AND state = 'active'
) s ON s.until IS NOT NULL
LEFT JOIN LATERAL (
    SELECT bit_or(1::bigint << array_position({names(VENUES)}, provider::text) - 1)
               FILTER (WHERE kind = 'exchange' AND can_trade AND NOT testnet) AS venues,
           bool_or(kind = 'ai') AS ai
    FROM accounts_storedkey WHERE user_id = u.id AND state = 'active'
) k ON true
LEFT JOIN accounts_preferences p ON p.user_id = u.id
WHERE u.state = 'active';
"""  # noqa: S608

# First the people's rows are locked, then the truth is read with the snapshot of a new statement:
# of two changes of one person made at once the second to get the lock sees both.
REFRESH = f"""
CREATE FUNCTION accounts_audience_refresh(ids bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM accounts_user WHERE id = ANY(ids) ORDER BY id FOR NO KEY UPDATE;
    WITH truth AS MATERIALIZED (
        SELECT {COLUMNS} FROM accounts_audience_truth WHERE user_id = ANY(ids)
    ), gone AS (
        DELETE FROM accounts_audience
        WHERE user_id = ANY(ids) AND user_id NOT IN (SELECT user_id FROM truth)
    )
    INSERT INTO accounts_audience AS held ({COLUMNS}) SELECT {COLUMNS} FROM truth
    ON CONFLICT (user_id) DO UPDATE
    SET ({", ".join(OTHERS)}) = ROW({", ".join(f"excluded.{name}" for name in OTHERS)})
    WHERE ({", ".join(f"held.{name}" for name in OTHERS)})
        IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in OTHERS)});
END $$;
"""  # noqa: S608

# The argument lists what matters of a table, the person first; rows equal in all of it are
# nobody's business here. Bulk loaders may say `SET LOCAL arbedge.audience_later = 'on'`.
FOLLOW = """
CREATE FUNCTION accounts_audience_follow() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ids bigint[];
BEGIN
    IF current_setting('arbedge.audience_later', true) = 'on' THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        EXECUTE format(
            'SELECT array_agg(DISTINCT who) FROM (
                (SELECT %1$s FROM old_rows EXCEPT ALL SELECT %1$s FROM new_rows) UNION ALL
                (SELECT %1$s FROM new_rows EXCEPT ALL SELECT %1$s FROM old_rows)) AS changed',
            TG_ARGV[0]) INTO ids;
    ELSE
        EXECUTE format(
            'SELECT array_agg(DISTINCT who) FROM (SELECT %s FROM %I) AS changed',
            TG_ARGV[0], CASE TG_OP WHEN 'INSERT' THEN 'new_rows' ELSE 'old_rows' END) INTO ids;
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM accounts_audience_refresh(ids);
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION accounts_audience_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM accounts_audience_refresh((SELECT array_agg(user_id) FROM accounts_audience));
    RETURN NULL;
END $$;
"""
MATTERS = {
    "user": "id AS who, state, tier, tier_until, beta_until, role, language, country, time_zone,"
    " telegram_id IS NULL, email_verified_at IS NULL",
    "session": "user_id AS who, state, expires_at, seen_at",
    "storedkey": "user_id AS who, kind, provider, can_trade, testnet, state",
    "preferences": "user_id AS who, venues, kinds, shelves, assets_in, assets_out, min_net, min_apr,"
    " max_risk, min_confidence, executable_only, notional_usd, horizon_hours, leverage, vip_levels,"
    " focus, experience, automation, switches, channels, spread, frequency, digest_at_min,"
    " active_from_min, active_to_min, quiet_from_min, quiet_to_min, quiet_to_digest",
}
EVENTS = {
    "insert": "NEW TABLE AS new_rows",
    "update": "OLD TABLE AS old_rows NEW TABLE AS new_rows",
    "delete": "OLD TABLE AS old_rows",
}
TRIGGERS = "".join(
    f"CREATE TRIGGER audience_follows_{event} AFTER {event} ON accounts_{table}"
    f" REFERENCING {rows} FOR EACH STATEMENT EXECUTE FUNCTION accounts_audience_follow('{facts}');"
    for table, facts in MATTERS.items()
    for event, rows in EVENTS.items()
) + "".join(
    f"CREATE TRIGGER audience_follows_truncate AFTER TRUNCATE ON accounts_{table}"
    f" FOR EACH STATEMENT EXECUTE FUNCTION accounts_audience_emptied();"
    for table in MATTERS
)
WITHOUT_TRIGGERS = "".join(
    f"DROP TRIGGER audience_follows_{event} ON accounts_{table};"
    for table in MATTERS
    for event in (*EVENTS, "truncate")
)

# Rows that are written every minute find room on their page, and leave the indexes alone.
ROOM = """
ALTER TABLE accounts_audience SET (fillfactor = 70);
ALTER TABLE accounts_user SET (fillfactor = 85);
"""
FILL = f"INSERT INTO accounts_audience ({COLUMNS}) SELECT {COLUMNS} FROM accounts_audience_truth;"  # noqa: S608
WITHOUT = """
DROP FUNCTION accounts_audience_follow, accounts_audience_emptied, accounts_audience_refresh;
DROP VIEW accounts_audience_truth;
DROP FUNCTION accounts_vip_levels, accounts_notices, accounts_channels;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_people")]

    operations = [
        migrations.CreateModel(
            name="Audience",
            fields=[
                ("user_id", models.BigIntegerField(primary_key=True, serialize=False)),
                ("session_until", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
                ("tier_until", models.DateTimeField(null=True)),
                ("beta_until", models.DateTimeField(null=True)),
                ("venues", models.BigIntegerField()),
                ("keys", models.BigIntegerField()),
                ("vip_levels", models.BigIntegerField()),
                ("min_net", models.FloatField()),
                ("min_apr", models.FloatField()),
                ("min_confidence", models.FloatField()),
                ("leverage", models.FloatField()),
                ("notional_usd", models.IntegerField()),
                ("kinds", models.IntegerField()),
                ("shelves", models.IntegerField()),
                ("tier", models.SmallIntegerField()),
                ("role", models.SmallIntegerField()),
                ("max_risk", models.SmallIntegerField()),
                ("horizon_hours", models.SmallIntegerField()),
                ("focus", models.SmallIntegerField()),
                ("experience", models.SmallIntegerField()),
                ("automation", models.SmallIntegerField()),
                ("notices", models.SmallIntegerField()),
                ("silent", models.SmallIntegerField()),
                ("spread", models.SmallIntegerField()),
                ("frequency", models.SmallIntegerField()),
                ("digest_at_min", models.SmallIntegerField()),
                ("active_from_min", models.SmallIntegerField(null=True)),
                ("active_to_min", models.SmallIntegerField(null=True)),
                ("quiet_from_min", models.SmallIntegerField(null=True)),
                ("quiet_to_min", models.SmallIntegerField(null=True)),
                ("quiet_to_digest", models.BooleanField()),
                ("executable_only", models.BooleanField()),
                ("ai_key", models.BooleanField()),
                ("language", models.CharField(max_length=2)),
                ("country", models.CharField(max_length=2)),
                ("zone", models.CharField(max_length=64)),
                (
                    "channels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.SmallIntegerField(), size=None
                    ),
                ),
                (
                    "assets_in",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), null=True, size=None
                    ),
                ),
                (
                    "assets_out",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=20), null=True, size=None
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "audience",
                "indexes": [
                    models.Index(fields=["tier"], name="audience_tier"),
                    models.Index(
                        condition=models.Q(("beta_until__isnull", False)),
                        fields=["beta_until"],
                        name="audience_beta",
                    ),
                ],
            },
        ),
        migrations.RunSQL(READERS + VIEW + REFRESH + FOLLOW, WITHOUT),
        migrations.RunSQL(ROOM + FILL, migrations.RunSQL.noop),
        migrations.RunSQL(TRIGGERS, WITHOUT_TRIGGERS),
    ]
