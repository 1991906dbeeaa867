"""Every setting, read from the environment (README lists them). Nothing here has a second place."""

from email.utils import parseaddr
from pathlib import Path
from typing import Any

import environs

from arbedge import addresses, console, logs, secret

BASE_DIR = Path(__file__).resolve().parent.parent

env = environs.Env()
env.read_env(BASE_DIR / ".env", recurse=False)

ARBEDGE_ENV = env.str("ARBEDGE_ENV", "local")
PRODUCTION = ARBEDGE_ENV == "production"
DEBUG = env.bool("DEBUG", False)
DATA_DIR = addresses.data_dir(BASE_DIR)

SECRET_KEY = env.str("SECRET_KEY", "") or secret.local_key(DATA_DIR, production=PRODUCTION)
ENCRYPTION_KEYS: list[str] = env.list(  # newest first: the first seals, all open
    "ENCRYPTION_KEYS", []
) or secret.local_encryption_keys(DATA_DIR, production=PRODUCTION)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

# Processes of one machine: where they listen.
BIND = env.str("BIND", "127.0.0.1")
WEB_PORT = env.int("WEB_PORT", 8000)
WEB_WORKERS = env.int("WEB_WORKERS", 2)
FLOWER_BIND = env.str("FLOWER_BIND", "127.0.0.1")
FLOWER_PORT = env.int("FLOWER_PORT", 5555)
SIMULATOR_PORT = env.int("SIMULATOR_PORT", 8090)
RECEIVER_PORT = env.int("RECEIVER_PORT", 8091)  # the fakes that take messages in a demo
RECEIVER_MAIL_PORT = env.int("RECEIVER_MAIL_PORT", 8092)
DEMO = env.bool("DEMO", False)
_receivers = f"http://127.0.0.1:{RECEIVER_PORT}" if DEMO else ""

# Engines: the bundled ones, unless the environment names others.
ENGINES = addresses.engines(DATA_DIR)
DATABASE_PROBLEM, _database = addresses.database(ENGINES.database_url)
DATABASES: dict[str, dict[str, Any]] = {"default": _database}
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", 8)
if env.bool("DATABASE_POOL", False):  # threads (web); prefork workers keep one connection each
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": DATABASE_POOL_SIZE}
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 600
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
CACHE_URL = ENGINES.cache_url
CACHE_PREFIX = env.str("CACHE_PREFIX", "arbedge")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": CACHE_URL,
        "KEY_PREFIX": CACHE_PREFIX,
    }
}

INSTALLED_APPS = [
    "django_prometheus",
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "arbedge",
    "accounts",
    "exchanges",
    "opportunities",
    "notifications",
    "analytics",
    "accounts.console_config.ConsoleConfig",  # django.contrib.admin
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "auditlog",
    "django_otp",
    "django_celery_beat",
    "django_htmx",
    "django_structlog",
    "health_check",
]
MIDDLEWARE = [
    "notifications.views.bot.past_the_rest",
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.doors.DoorMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "accounts.audit.AuditMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "arbedge.urls"
WSGI_APPLICATION = "arbedge.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# People.
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("MinimumLengthValidator", "CommonPasswordValidator", "NumericPasswordValidator")
]
LOGIN_URL = "admin:login"
STAFF_TOTP = env.str("STAFF_TOTP", "required" if PRODUCTION else "optional")  # required | optional
SESSION_ENGINE = "accounts.websessions"
TRUST_PROXY = env.bool("TRUST_PROXY", False)  # only where a proxy sets both X-Forwarded headers
if TRUST_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION

# How people come in: by Telegram, by a link in a mail, in either case perhaps only with a code.
SITE_URL = env.str("SITE_URL", f"http://127.0.0.1:{WEB_PORT}")  # links in mails begin with it
BOT_TOKEN = env.str("BOT_TOKEN", "") or (secret.demo_bot_token(SECRET_KEY) if DEMO else "")
BOT_NAME = env.str("BOT_NAME", "").removeprefix("@")
INVITE_ONLY = env.bool("INVITE_ONLY", False)
_mail = env.dj_email_url(
    "EMAIL_URL", f"smtp://127.0.0.1:{RECEIVER_MAIL_PORT}" if DEMO else "console://"
)
EMAIL_BACKEND = _mail.get("EMAIL_BACKEND", "django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST, EMAIL_PORT = _mail["EMAIL_HOST"] or "localhost", _mail["EMAIL_PORT"] or 25
EMAIL_HOST_USER = _mail["EMAIL_HOST_USER"] or ""
EMAIL_HOST_PASSWORD = _mail["EMAIL_HOST_PASSWORD"] or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail["EMAIL_USE_TLS"], _mail["EMAIL_USE_SSL"]
EMAIL_FILE_PATH = _mail["EMAIL_FILE_PATH"] or None
EMAIL_TIMEOUT = _mail["EMAIL_TIMEOUT"] or 10  # seconds
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "ArbEdge <no-reply@localhost>")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "arbedge.formats"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = env.str("STATIC_ROOT", str(DATA_DIR / "static") if PRODUCTION else "") or None
STATICFILES_DIRS = [folder for folder in [BASE_DIR / "static"] if folder.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = not PRODUCTION
UNFOLD = console.unfold()

# Tasks.
CELERY_BROKER_URL = ENGINES.broker_url
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    "queue_order_strategy": "priority",
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_SERIALIZER = CELERY_RESULT_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_CREATE_MISSING_QUEUES = True
CELERY_TASK_SOFT_TIME_LIMIT = env.int("TASK_SOFT_TIME_LIMIT_S", 240)
CELERY_TASK_TIME_LIMIT = env.int("TASK_TIME_LIMIT_S", 300)
CELERY_TASK_SEND_SENT_EVENT = CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_DB_REUSE_MAX = 1000
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1

# Markets.
MARKET_MODE = env.str("MARKET_MODE", "live")  # live | simulator | replay
RECORDINGS = env.str("RECORDINGS", "")
VENUES = env.list("VENUES", ["binance", "bybit", "okx", "bitget"])
EXTRA_VENUES: list[str] = env.list("EXTRA_VENUES", [])
VENUE_URLS = addresses.venue_urls(env.json("VENUE_URLS", {}))
if MARKET_MODE != "live":
    VENUE_URLS = addresses.simulated(SIMULATOR_PORT) | VENUE_URLS
VENUE_KEYS = addresses.venue_keys()
QUOTE = env.str("QUOTE", "USDT")
SCAN_EVERY_S = env.float("SCAN_EVERY_S", 5.0)
SCAN_DEADLINE_MS = env.int("SCAN_DEADLINE_MS", 4000)
DEPTH_CALL_SHARE = env.float("DEPTH_CALL_SHARE", 0.2)
INSTRUMENTS_FROM_NAMES = env.bool("INSTRUMENTS_FROM_NAMES", MARKET_MODE == "replay")
# Visitors of a public board see what the free tier sees; on one's own machine, everything.
VISITORS_SEE_ALL = env.bool("VISITORS_SEE_ALL", not PRODUCTION)
EGRESS_ADDRESS = env.str("EGRESS_ADDRESS", "main")

# Channels; in a demo all of them lead to the receivers.
TELEGRAM_API_URL = env.str("TELEGRAM_API_URL", _receivers or "https://api.telegram.org")
TELEGRAM_PER_SECOND = env.int("TELEGRAM_PER_SECOND", 30)
# How updates of the bot come: Telegram brings them to a public address, else they are asked for.
TELEGRAM_WEBHOOK = env.bool("TELEGRAM_WEBHOOK", SITE_URL.startswith("https://"))
BOT_THREADS = env.int("BOT_THREADS", 4)  # updates a bot process handles side by side
TWILIO_API_URL = env.str("TWILIO_API_URL", _receivers or "https://api.twilio.com")
TWILIO_ACCOUNT = env.str("TWILIO_ACCOUNT", "AC" + 32 * "0" if DEMO else "")
TWILIO_TOKEN = env.str("TWILIO_TOKEN", "demo" if DEMO else "")
TWILIO_FROM = env.str("TWILIO_FROM", "+15005550006" if DEMO else "")
VAPID_PRIVATE_KEY = env.str("VAPID_PRIVATE_KEY", "") or secret.local_vapid_key(
    DATA_DIR, production=PRODUCTION
)
VAPID_CONTACT = env.str("VAPID_CONTACT", "mailto:" + parseaddr(DEFAULT_FROM_EMAIL)[1])
APPRISE_SCHEMES: list[str] = env.list(  # only services whose host the user cannot choose
    "APPRISE_SCHEMES", ["pover", "pbul", "prowl", "spush", "join", "pagertree", "wxteams", "gchat"]
)
ALERTS_PER_PERSON = env.int("ALERTS_PER_PERSON", 20)
CHARTS_IN_MESSAGES = env.bool("CHARTS_IN_MESSAGES", False)  # drawing takes half a second
# Countries nobody is told opportunities in: "US", or "funding:US" for one kind only.
REGIONS_BLOCKED: list[str] = env.list("REGIONS_BLOCKED", [])
# Where addresses of users may lead although it is not the public internet: never in production.
TRUSTED_RECEIVER_HOSTS: list[str] = env.list(
    "TRUSTED_RECEIVER_HOSTS", [_receivers.removeprefix("http://")] if DEMO else []
)

# Audit: every write made in the console. Tables the machine writes by the thousand stay out.
AUDITLOG_INCLUDE_ALL_MODELS = True
AUDITLOG_EXCLUDE_TRACKING_MODELS = (
    "sessions.session",
    "django_celery_beat.periodictasks",
    "admin.logentry",
    "accounts.session",
    "accounts.loginlink",
    "accounts.usedlogin",
    "accounts.backupcode",
    "accounts.loginlock",
    "accounts.totpdevice",
    "accounts.websession",
    *(
        f"notifications.{table}"
        for table in (
            "attempt",
            "botupdate",
            "click",
            "delivery",
            "deliverylog",
            "digestitem",
            "feedback",
            "message",
            "question",
            "served",
            "slice",
            "talk",
            "variantresult",
            "verification",
        )
    ),
    *env.list("AUDIT_EXCLUDE", []),
)
AUDITLOG_INCLUDE_TRACKING_MODELS = (
    {
        "model": "django_celery_beat.periodictask",  # beat itself writes these at every run
        "exclude_fields": ["last_run_at", "total_run_count", "date_changed"],
    },
)
AUDITLOG_EXCLUDE_TRACKING_FIELDS = ("digest", "sealed", "version", "last_login", "seen_at")
AUDITLOG_MASK_CALLABLE = "accounts.audit_scrub.mask"
AUDITLOG_CID_GETTER = "accounts.audit.request_id"
AUDITLOG_MASK_TRACKING_FIELDS = ("password", "secret", "api_key", "passphrase", "token")

# Who may read /metrics.
METRICS_FROM: list[str] = env.list("METRICS_FROM", ["127.0.0.0/8", "::1/128"])

# Logs: structured lines on standard output, with request and task ids.
LOG_LEVEL = env.str("LOG_LEVEL", "INFO")
DJANGO_STRUCTLOG_CELERY_ENABLED = True
LOGGING = logs.logging_config(LOG_LEVEL)
logs.configure_structlog()
