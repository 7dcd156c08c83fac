#!/bin/sh
# One word says what this container is: migrate, web, worker, beat; anything else is run as a command.
set -eu
# Secrets of a trial stand in a volume (see the service `secrets`); real ones come from the environment.
if [ -z "${SECRET_KEY:-}" ] && [ -f /secrets/trial.env ]; then
    given=${FIELD_ENCRYPTION_KEYS:-}
    set -a
    . /secrets/trial.env
    [ -z "$given" ] || FIELD_ENCRYPTION_KEYS=$given
    set +a
fi
if [ -z "${DATABASE_URL:-}" ]; then
    export DATABASE_URL="postgres://portal:${POSTGRES_PASSWORD:?}@db:5432/portal"
fi
case "${1:-web}" in
migrate) exec python manage.py preflight --migrate ;;
web)
    python manage.py preflight
    exec python -m gunicorn pairing_portal.wsgi:application --bind 0.0.0.0:8000 --workers "${WEB_WORKERS:-2}" --threads 4 --access-logfile /dev/null
    ;;
worker)
    python manage.py preflight --worker
    exec python -m celery -A pairing_portal worker --loglevel "${LOG_LEVEL:-INFO}" --concurrency "${WORKER_PROCESSES:-2}"
    ;;
beat)
    python manage.py preflight --worker
    exec python -m celery -A pairing_portal beat --loglevel WARNING --schedule /tmp/beat-schedule
    ;;
*) exec "$@" ;;
esac
