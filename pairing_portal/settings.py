"""Settings, all from the environment; `.env.example` lists every variable with one line.

`PORTAL_MODE` is `embedded` (one machine, SQLite, no broker; what script/serve sets), `trial` (the server processes
with demonstration data), `development` (with DEBUG=1) or `production`, the default, which refuses unsafe values.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import sys
from collections.abc import Callable
from pathlib import Path

import structlog
from cryptography.fernet import Fernet
from csp.constants import NONCE, NONE, SELF
from django.utils.translation import gettext_lazy as _

from pairing_portal.admin_look import UNFOLD  # noqa: F401  # a setting; the admin's theme reads it
from pairing_portal.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment.from_process(BASE_DIR / ".env")

# --- What kind of installation this is ---------------------------------------------------------

DEBUG = env.boolean("DEBUG")
PORTAL_MODE = env.choice(
    "PORTAL_MODE",
    "development" if DEBUG else "production",
    ("embedded", "trial", "development", "production"),
)
IS_PRODUCTION = PORTAL_MODE == "production"
IS_EMBEDDED = PORTAL_MODE == "embedded"
# Demonstration accounts, one click each on the sign-in page.
PORTAL_DEMO = env.boolean("PORTAL_DEMO", default=False)
DATA_DIR = Path(env.text("PORTAL_DATA_DIR", str(BASE_DIR / "var")))


def embedded_secret(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(64)) -> str:
    """The secret of an installation on one machine: made once, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_text(make())
        # Of two processes that start together one wins, and neither reads half a secret.
        try:
            os.link(fresh, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without hard links
            os.replace(fresh, path)
        fresh.unlink(missing_ok=True)
    return path.read_text().strip()


SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY and IS_EMBEDDED:
    SECRET_KEY = embedded_secret(DATA_DIR / "secret_key")
if not SECRET_KEY:
    env.fault("SECRET_KEY", "is missing; make one with: python -c 'import secrets; print(secrets.token_urlsafe(64))'")
elif IS_PRODUCTION and (len(SECRET_KEY) < 50 or SECRET_KEY.startswith(("django-insecure", "change-me"))):
    env.fault("SECRET_KEY", "is too short or an example value; it needs at least 50 random characters")
# Keys of the encrypted columns, newest first; the older ones only read until manage.py rotate_field_keys has run.
FIELD_ENCRYPTION_KEYS = env.fernet_keys("FIELD_ENCRYPTION_KEYS")
if not FIELD_ENCRYPTION_KEYS and IS_PRODUCTION:
    env.fault(
        "FIELD_ENCRYPTION_KEYS",
        "is missing; make one with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
    )
elif not FIELD_ENCRYPTION_KEYS:
    key_file = DATA_DIR / "field_encryption_key"
    FIELD_ENCRYPTION_KEYS = env.parse_fernet_keys(
        "FIELD_ENCRYPTION_KEYS", embedded_secret(key_file, make=lambda: Fernet.generate_key().decode())
    )
    if not FIELD_ENCRYPTION_KEYS:
        env.fault("FIELD_ENCRYPTION_KEYS", f"{key_file} holds no usable key; put the old one back from the backup")
if IS_PRODUCTION and DEBUG:
    env.fault("DEBUG", "must be 0 in production: error pages would show the program and its data")
if IS_PRODUCTION and PORTAL_DEMO:
    env.fault("PORTAL_DEMO", "must be 0 in production: demonstration accounts sign in without a password")

ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", [] if IS_PRODUCTION else ["*"])
if IS_PRODUCTION and not ALLOWED_HOSTS:
    env.fault("ALLOWED_HOSTS", "is missing; name the hosts people type, for example portal.example.edu")
if IS_PRODUCTION and "*" in ALLOWED_HOSTS:
    env.fault("ALLOWED_HOSTS", "must name hosts in production; * lets anyone forge the address in our links")
CSRF_TRUSTED_ORIGINS = env.origins("CSRF_TRUSTED_ORIGINS")

# --- The college, as shown on the pages --------------------------------------------------------

PORTAL_COLLEGE_NAME = env.text("PORTAL_COLLEGE_NAME")
PORTAL_CONTACT = env.text("PORTAL_CONTACT")
PORTAL_ICP_NUMBER = env.text("PORTAL_ICP_NUMBER")
# A file under static/ (for example logo/college.svg); no emblem ships.
PORTAL_LOGO = env.text("PORTAL_LOGO")

# --- Rooms -------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "pairing_portal.common.apps.PortalAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "django_filters",
    "import_export",
    "simple_history",
    "rules.apps.AutodiscoverRulesConfig",
    "csp",
    "allauth",
    "allauth.account",
    "axes",
    "django_structlog",
    "pairing_portal.common.apps.CommonConfig",
    "accounts",
    "branches",
    "notifications",
    "members",
    "pairings",
    "mentoring",
    "activities",
    "evaluations",
    "reports",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "pairing_portal.common.middleware.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.SignInRequiredMiddleware",
    "pairing_portal.common.middleware.RequestLogMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "accounts.middleware.SessionLimitsMiddleware",
    "accounts.middleware.PasswordChangeMiddleware",
    "pairing_portal.common.middleware.PrivatePagesMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "pairing_portal.urls"
WSGI_APPLICATION = "pairing_portal.wsgi.application"

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
                "csp.context_processors.nonce",
                "pairing_portal.common.frame.frame",
            ],
        },
    },
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
FORM_RENDERER = "django.forms.renderers.DjangoTemplates"

# --- Database ----------------------------------------------------------------------------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {"default": env.database("DATABASE_URL", f"sqlite:///{DATA_DIR / 'portal.sqlite3'}")}
IS_SQLITE = DATABASES["default"]["ENGINE"].endswith("sqlite3")
if IS_SQLITE:
    if IS_PRODUCTION:
        env.fault("DATABASE_URL", "is missing; production needs PostgreSQL: postgres://user:password@host:5432/name")
    DATABASES["default"]["OPTIONS"] = {
        # Read-then-write transactions fail at once without IMMEDIATE, whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON; PRAGMA busy_timeout=10000;"
        ),
    }
    sqlite_name = str(DATABASES["default"]["NAME"])
    if sqlite_name != ":memory:":
        sqlite_file = Path(sqlite_name)
        sqlite_file.parent.mkdir(parents=True, exist_ok=True)
        sqlite_file.touch(mode=0o600, exist_ok=True)
else:
    DATABASES["default"] |= {
        # Opening a connection costs more than a page.
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"options": "-c timezone=UTC -c lock_timeout=5000 -c idle_in_transaction_session_timeout=60000"},
    }

# --- Signing in --------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "rules.permissions.ObjectPermissionBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "workbench"
ACCOUNT_ADAPTER = "accounts.adapter.PortalAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_FORMS = {"login": "accounts.forms.SignInForm"}
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
# One lockout, that of axes (accounts/lockout.py): a whole college may sign in from one address.
ACCOUNT_RATE_LIMITS = {"login_failed": False, "login": False}
PASSWORD_MAX_AGE_DAYS = env.integer("PORTAL_PASSWORD_MAX_AGE_DAYS", 90, low=0, high=3650)
PASSWORD_HISTORY_LENGTH = 5
ACTIVATION_CODE_DAYS = 14
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "accounts.validators.MaximumLengthValidator", "OPTIONS": {"max_length": 128}},
    {"NAME": "accounts.validators.CharacterClassesValidator", "OPTIONS": {"classes": 3}},
    {"NAME": "accounts.validators.PersonalDataValidator"},
    {"NAME": "accounts.validators.ReusedPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 10 / 60  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_HANDLER = "accounts.lockout.PortalAxesHandler"
AXES_USERNAME_FORM_FIELD = "login"
AXES_USERNAME_CALLABLE = "accounts.lockout.attempted_number"
AXES_CLIENT_IP_CALLABLE = "accounts.addresses.client_ip"
AXES_RESET_ON_SUCCESS = True
# Trying during a lock does not lengthen it.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# What people type is not kept: neither passwords nor codes nor a password in the wrong field.
AXES_SENSITIVE_PARAMETERS = [
    "username", "ip_address", "login", "number", "code", "oldpassword", "password1", "password2", "csrfmiddlewaretoken",
]  # fmt: skip
# Signing in and out stand in our own trail.
AXES_DISABLE_ACCESS_LOG = True
SIGN_IN_FAILURES_PER_ADDRESS = env.integer("PORTAL_SIGN_IN_FAILURES_PER_ADDRESS", 100, low=10, high=100000)
SIGN_IN_ACCOUNTS_PER_ADDRESS = env.integer("PORTAL_SIGN_IN_ACCOUNTS_PER_ADDRESS", 50, low=5, high=100000)
# Wrong current passwords on the change page, in ten minutes.
PASSWORD_CHANGE_FAILURES = 5
# An administrator who signs in elsewhere is signed out here.
SINGLE_ADMIN_SESSION = env.boolean("PORTAL_SINGLE_ADMIN_SESSION", default=IS_PRODUCTION)
AXES_LOCKOUT_CALLABLE = "accounts.views.locked_out"
AXES_WHITELIST_CALLABLE = "accounts.demo.is_demo_attempt"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
TRUSTED_PROXY_COUNT = env.integer("TRUSTED_PROXY_COUNT", 0, low=0, high=5)

# --- Cookies, transport, headers ---------------------------------------------------------------

PORTAL_HTTPS = env.boolean("PORTAL_HTTPS", default=IS_PRODUCTION)
if IS_PRODUCTION and not PORTAL_HTTPS:
    env.fault("PORTAL_HTTPS", "must be 1 in production: passwords would travel in the clear")
SESSION_COOKIE_AGE = env.integer("SESSION_IDLE_MINUTES", 30, low=5, high=1440) * 60
SESSION_ABSOLUTE_SECONDS = env.integer("SESSION_HOURS", 12, low=1, high=72) * 3600
if PORTAL_DEMO:
    SESSION_COOKIE_AGE = SESSION_ABSOLUTE_SECONDS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_USE_SESSIONS = False
CSRF_FAILURE_VIEW = "pairing_portal.common.errors.csrf_failure"
if PORTAL_HTTPS:
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-session", "__Host-csrf"
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
    SECURE_HSTS_SECONDS = 31536000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    if TRUSTED_PROXY_COUNT:
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin" if PORTAL_HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    },
}

# --- Language and time -------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
FORMAT_MODULE_PATH = ["pairing_portal.common.formats"]

# --- Files -------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATIC_ROOT = Path(env.text("STATIC_ROOT", str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(DATA_DIR / "media")))
if MEDIA_ROOT.is_relative_to(STATIC_ROOT) or MEDIA_ROOT.is_relative_to(BASE_DIR / "static"):
    env.fault("MEDIA_ROOT", "must not lie under the static files: uploads would be public")
MEDIA_URL = "media/"
# Where a reverse proxy serves protected files from (X-Accel-Redirect); empty: the program sends them itself.
PROTECTED_MEDIA_PREFIX = env.text("PROTECTED_MEDIA_PREFIX")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "whitenoise.storage.CompressedManifestStaticFilesStorage"
            if PORTAL_MODE in {"production", "trial"}
            else "django.contrib.staticfiles.storage.StaticFilesStorage"
        ),
    },
}
WHITENOISE_MIMETYPES = {".webmanifest": "application/manifest+json"}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = PORTAL_MODE in {"embedded", "development"}
MAX_UPLOAD_MB = env.integer("MAX_UPLOAD_MB", 20, low=1, high=100)
FILE_UPLOAD_HANDLERS = [
    "pairing_portal.common.uploads.SizeLimitHandler",
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "django.core.files.uploadhandler.TemporaryFileUploadHandler",
]
# A clamd that looks at attachments: host:port, or the path of its socket. Empty: nothing is scanned.
CLAMAV_ADDRESS = env.text("CLAMAV_ADDRESS")
if CLAMAV_ADDRESS and not re.fullmatch(r"/\S+|[^\s/]+:[0-9]{1,5}", CLAMAV_ADDRESS):
    env.fault("CLAMAV_ADDRESS", "must be host:port or the path of a socket, for example 127.0.0.1:3310")
# 1: while the scanner does not answer, no file is taken.
CLAMAV_REQUIRED = env.boolean("CLAMAV_REQUIRED")
if CLAMAV_REQUIRED and not CLAMAV_ADDRESS:
    env.fault("CLAMAV_REQUIRED", "is set, but CLAMAV_ADDRESS does not say where the scanner is")
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"
IMPORT_EXPORT_IMPORT_IGNORE_BLANK_LINES = True

# --- Mail and background work ------------------------------------------------------------------

vars().update(env.email("EMAIL_URL", "consolemail://" if not IS_PRODUCTION else "dummymail://"))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("DEFAULT_FROM_EMAIL", "portal@localhost")
EMAIL_TIMEOUT = 10
# The portal's own address, for the links in messages; without it they say where to sign in and link nowhere.
PORTAL_URL = env.address("PORTAL_URL", public=IS_PRODUCTION)
# The only hosts that are asked over HTTP; mails go to the host of EMAIL_URL.
OUTGOING_HOSTS = frozenset({"qyapi.weixin.qq.com", "oapi.dingtalk.com"})
WECOM_API = env.service("WECOM_API", "https://qyapi.weixin.qq.com", OUTGOING_HOSTS)
DINGTALK_API = env.service("DINGTALK_API", "https://oapi.dingtalk.com", OUTGOING_HOSTS)
# The college's own app in WeCom, which writes to single people. Keys of robots stand encrypted in the database.
WECOM_CORP_ID = env.text("WECOM_CORP_ID")
WECOM_AGENT_ID = env.integer("WECOM_AGENT_ID", 0, low=1, high=999999999)
WECOM_SECRET = env.text("WECOM_SECRET")
env.all_or_none("WECOM_CORP_ID", "WECOM_AGENT_ID", "WECOM_SECRET")
REDIS_URL = env.redis("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL or "memory://"
CELERY_TASK_ALWAYS_EAGER = not REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 60
CELERY_TASK_SOFT_TIME_LIMIT = 45
# A Redis that takes the connection and never answers costs whoever sends a task one second; the tick makes up for it.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300, "socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0
}  # fmt: skip
# Worker and beat wait for a broker that is away as long as it takes.
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE = {"tick": {"task": "notifications.tick", "schedule": 60.0}}

# --- Log ---------------------------------------------------------------------------------------

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
SHARED_PROCESSORS = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso"),
]
structlog.configure(
    processors=[*SHARED_PROCESSORS, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": SHARED_PROCESSORS,
            "processor": (
                structlog.processors.JSONRenderer(ensure_ascii=False)
                if PORTAL_MODE in {"production", "trial"}
                # Plain: the local variables of a traceback would print people's data.
                else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
            ),
        },
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    # On one machine the terminal belongs to the person who started it: only what is wrong is shown there.
    "loggers": {"django_structlog": {"level": "WARNING" if IS_EMBEDDED else LOG_LEVEL}},
}
DJANGO_STRUCTLOG_STATUS_5XX_LOG_LEVEL = logging.WARNING
# Personal data stay out of the log: addresses of pages are enough.
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
SIMPLE_HISTORY_REVERT_DISABLED = True
SILENCED_SYSTEM_CHECKS: list[str] = []

env.warn_unknown("PORTAL_")
env.finish()
if IS_EMBEDDED:
    print(f"pairing portal: embedded mode, database {DATABASES['default']['NAME']}", file=sys.stderr)
