# The portal's one image: web, worker, beat and migrations run from it.
FROM python:3.11-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app
COPY requirements/base.txt requirements/base.txt
RUN pip install --require-hashes -r requirements/base.txt
COPY . .
RUN useradd --system --uid 10001 portal \
    && mkdir -p /data /static \
    && PORTAL_MODE=trial SECRET_KEY=build-time-only STATIC_ROOT=/static PORTAL_DATA_DIR=/tmp/build \
       python manage.py collectstatic --noinput -v 0 \
    && chown -R portal /data /static
USER portal
ENV STATIC_ROOT=/static PORTAL_DATA_DIR=/data MEDIA_ROOT=/data/media
ENTRYPOINT ["/app/deploy/entrypoint.sh"]
CMD ["web"]
