"""Who the people are that do not exist: every column as SQL of the person's number.

In these texts `n` is the number, `<chance 7>` a number of 31 bits that is always the same for this
person, `seen` his last word, `<now>` the time of the seeding.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Final

FIRST_TELEGRAM_ID: Final = 4_000_000_000_000_000  # below 2^52, far above any that was given out

FIRST_NAMES: Final = (
    "Ada", "Bram", "Chiara", "Dmitri", "Élodie", "Fatima", "Gustavo", "Hélène", "Ibrahim", "José",
    "Klára", "Łukasz", "Mónica", "Nguyễn", "Oleksandr", "Priya", "Quentin", "Rosa", "Søren",
    "Tomás", "عمر", "ليلى", "דניאל", "נועה", "علی", "美咲", "小明", "지민", "Σοφία", "Юлия",
    "नेहा", "สมชาย",
)  # fmt: skip
LAST_NAMES: Final = (
    "Lovelace", "van Dijk", "Rossi", "Иванов", "Dubois", "Khan", "Silva", "Müller", "Nowak",
    "García", "Öztürk", "O’Neill", "Nakamura", "김", "王", "חדד", "الهاشمي", "Papadopoulos",
    "🦊", "🚲", "👩‍🚀 of the north", "Sr.", "trades", "",
)  # fmt: skip
ZONES: Final = (
    "UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Sao_Paulo", "Asia/Tokyo",
    "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dubai", "Africa/Lagos", "Australia/Lord_Howe",
)  # fmt: skip
COUNTRIES: Final = ("", "DE", "GB", "US", "BR", "JP", "IN", "NP", "AE", "NG", "AU")
KEYED_VENUES: Final = ("binance", "bybit", "okx", "bitget", "gate", "kucoin")
COINS: Final = ("BTC", "ETH", "SOL", "WIF", "DOGE", "PEPE")

# What several columns follow from; one row per number.
FACTS: Final = """
SELECT *, least(joined + (<chance 36> % 40) * interval '1 day', <now> - interval '8 days') AS went
FROM (
    SELECT n, (n + 1) * <active> / <users> > n * <active> / <users> AS is_here,
           (<chance 8> % <zone_count>)::int AS place,
           CASE WHEN <chance 10> % 1000 < 900 THEN 'free' WHEN <chance 10> % 1000 < 950 THEN 'basic'
                WHEN <chance 10> % 1000 < 980 THEN 'premium'
                WHEN <chance 10> % 1000 < 995 THEN 'pro' ELSE 'enterprise' END AS tier,
           <now> - (<chance 39> % 10000) * interval '1 minute' AS seen,
           <now> - (8 + <chance 37> % 400) * interval '1 day'
               - (<chance 38> % 1440) * interval '1 minute' AS joined
    FROM generate_series(<since>::bigint, <until> - 1) AS n
) numbered
"""
PEOPLE: Final = {
    "username": "'seeded_' || n",
    "password": "'!'",
    "email": "CASE WHEN <chance 1> % 5 = 0 THEN 'seeded' || n || '@example.com' ELSE '' END",
    "email_verified_at": "CASE WHEN <chance 1> % 10 = 0 THEN joined END",
    "name": "trim(<first_names>[1 + <chance 2> % <first_count>] || ' ' ||"
            " <last_names>[1 + <chance 3> % <last_count>])",
    "telegram_id": "<first> + n",
    "telegram_name": "'seeded' || n",
    "date_joined": "joined",
    "state": "CASE WHEN is_here OR <chance 4> % 50 > 0 THEN 'active' ELSE"
             " ('{suspended,banned,deactivated}'::text[])[1 + <chance 5> % 3] END",
    "is_active": "is_here OR <chance 4> % 50 > 0",
    "tier": "tier",
    "tier_source": "CASE tier WHEN 'free' THEN 'sign_up' ELSE 'paid' END",
    "tier_since": "CASE WHEN tier <> 'free' THEN joined END",
    "tier_until": "CASE WHEN tier <> 'free'"
    " THEN <now> + (<chance 8> % 360 + 1) * interval '1 day' END",
    "beta_until": "CASE WHEN <chance 6> % 40 = 0"
    " THEN <now> + (1 + <chance 6> % 90) * interval '1 day' END",
    "language": "('{en,en,en,es,fr}'::text[])[1 + <chance 7> % 5]",
    "time_zone": "<zones>[1 + place]",
    "country": "<countries>[1 + place]",
    "onboarding": "('{language,focus,risk,done,done,done}'::text[])[1 + <chance 9> % 6]",
    "onboarded_at": "CASE WHEN <chance 9> % 6 > 2 THEN joined + interval '3 minutes' END",
    "seen_at": "CASE WHEN is_here THEN seen END",
}  # fmt: skip
HERE: Final = {
    "user_id": "u.id",
    "door": "'telegram'",
    "digest": "sha256(('session ' || n)::bytea)",
    "started_at": "seen - interval '1 hour' * (<chance 11> % 300)",
    "seen_at": "seen",
    "expires_at": "seen + interval '7 days'",
    "interactions": "<chance 12> % 90",
    "opportunities_seen": "<chance 13> % 400",
    "commands": "jsonb_build_object('opportunities', <chance 12> % 60, 'help', <chance 12> % 9)",
}
GONE: Final = {
    "user_id": "u.id",
    "door": "'telegram'",
    "digest": "sha256(('old session ' || n)::bytea)",
    "state": "CASE WHEN <chance 14> % 3 > 0 THEN 'expired' ELSE 'terminated' END",
    "outcome": "CASE WHEN <chance 14> % 3 > 0 THEN 'expired' ELSE 'logout' END",
    "started_at": "u.date_joined",
    "seen_at": "went",
    "expires_at": "went + interval '7 days'",
    "ended_at": "went + interval '7 days'",
    "interactions": "<chance 15> % 200",
}
PAID: Final = {
    "user_id": "u.id",
    "tier": "u.tier",
    "starts_at": "u.tier_since",
    "ends_at": "u.tier_until",
    "source": "'paid'",
    "price_usd": "CASE u.tier WHEN 'basic' THEN 9 WHEN 'premium' THEN 29 WHEN 'pro' THEN 49"
    " ELSE 99 END",
}
WISHES: Final = {
    "user_id": "u.id",
    "kinds": "CASE WHEN <chance 16> % 3 = 0 THEN 1 + <chance 17> % 15 END",
    "venues": "CASE WHEN <chance 18> % 4 = 0 THEN 3 + <chance 19> % 60 END",
    "assets_in": "CASE WHEN <chance 20> % 6 = 0 THEN <coins>[1 : 1 + <chance 21> % 3]"
    " ELSE '{}' END",
    "assets_out": "CASE WHEN <chance 22> % 9 = 0 THEN <coins>[5 : 6] ELSE '{}' END",
    "min_net": "(<chance 23> % 40) / 10000.0",
    "min_apr": "(<chance 24> % 3) / 10.0",
    "max_risk": "('{low,medium,high,high}'::text[])[1 + <chance 25> % 4]",
    "notional_usd": "('{100,1000,1000,5000,10000,50000}'::int[])[1 + <chance 26> % 6]",
    "horizon_hours": "('{8,24,72,72,168}'::int[])[1 + <chance 27> % 5]",
    "experience": "('{beginner,intermediate,advanced}'::text[])[1 + <chance 28> % 3]",
    "executable_only": "<chance 29> % 10 = 0",
    "quiet_from_min": "CASE WHEN <chance 30> % 2 = 0 THEN 1320 END",
    "quiet_to_min": "CASE WHEN <chance 30> % 2 = 0 THEN 420 END",
    "switches": """CASE WHEN <chance 31> % 7 = 0
        THEN '{"opened": "silent"}' ELSE '{}' END::jsonb""",
    "vip_levels": "CASE WHEN <chance 32> % 9 = 0 THEN '{\"okx\": 2}' ELSE '{}' END::jsonb",
    "changed_at": "u.date_joined",
}
KEYS: Final = {
    "user_id": "u.id",
    "slot": "slot",
    "kind": "'exchange'",
    "provider": "<venues>[1 + (<chance 33> + slot) % <venue_count>]",
    "label": "'seeded'",
    "last4": "lpad((<chance 34> % 10000)::text, 4, '0')",
    "digest": "sha256(('key ' || n || ' ' || slot)::bytea)",
    "sealed": "'seeded: there is no secret'",
    "can_read": "true",
    "can_trade": "<chance 35> % 4 > 0",
}


def written_out(text: str, now: datetime, **numbers: int) -> str:
    """The text as PostgreSQL reads it; `numbers` are what else it names."""
    words = {
        "now": f"'{now.isoformat()}'::timestamptz",
        "first": str(FIRST_TELEGRAM_ID),
        "first_names": _array(FIRST_NAMES),
        "first_count": str(len(FIRST_NAMES)),
        "last_names": _array(LAST_NAMES),
        "last_count": str(len(LAST_NAMES)),
        "zones": _array(ZONES),
        "zone_count": str(len(ZONES)),
        "countries": _array(COUNTRIES),
        "coins": _array(COINS),
        "venues": _array(KEYED_VENUES),
        "venue_count": str(len(KEYED_VENUES)),
        **{name: str(number) for name, number in numbers.items()},
    }
    text = re.sub(r"<chance (\d+)>", r"(hashint8extended(n, \1) & 2147483647)", text)
    return re.sub(r"<(\w+)>", lambda found: words[found[1]], text)


def _array(texts: Sequence[str]) -> str:
    quoted = ", ".join("'" + text.replace("'", "''") + "'" for text in texts)
    return f"(ARRAY[{quoted}]::text[])"
