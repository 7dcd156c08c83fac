"""The portal's settings for a worker and two beats under test: a tick a second, in a queue of the test's own."""

import os

from pairing_portal.settings import *  # noqa: F403  # the point of this file

CELERY_BEAT_SCHEDULE = {
    "tick": {
        "task": "notifications.tick",
        "schedule": 1.0,
        "options": {"queue": os.environ["PORTAL_TEST_QUEUE"]},
    }
}
