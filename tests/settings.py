"""The portal's own settings, made safe for tests before they are read."""

import os

os.environ["PORTAL_MODE"] = "development"
os.environ["DEBUG"] = "0"
os.environ.setdefault("SECRET_KEY", "tests-only-" + "x" * 50)
os.environ["FIELD_ENCRYPTION_KEYS"] = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk="
os.environ["PORTAL_DATA_DIR"] = os.environ.get("PORTAL_TEST_DATA_DIR", "var/tests")
os.environ["PORTAL_DEMO"] = "0"
os.environ["EMAIL_URL"] = "dummymail://"
os.environ["LOG_LEVEL"] = "ERROR"

from pairing_portal.settings import *  # noqa: F403  # the point of this file

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
