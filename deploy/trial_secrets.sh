#!/bin/sh
# Makes the secrets of a trial once, readable by its containers only.
set -eu
umask 077
if [ ! -f /secrets/trial.env ]; then
    key=$(head -c 48 /dev/urandom | base64 | tr -d '\n/+=')
    password=$(head -c 24 /dev/urandom | base64 | tr -d '\n/+=')
    printf 'SECRET_KEY=trial-%s\nPOSTGRES_PASSWORD=%s\n' "$key" "$password" > /secrets/trial.env
    printf '%s' "$password" > /secrets/postgres_password
fi
# A trial begun before there were encrypted columns gets its key now.
if ! grep -q '^FIELD_ENCRYPTION_KEYS=' /secrets/trial.env; then
    printf 'FIELD_ENCRYPTION_KEYS=%s\n' "$(head -c 32 /dev/urandom | base64 | tr -d '\n' | tr '/+' '_-')" >> /secrets/trial.env
fi
chmod 644 /secrets/trial.env /secrets/postgres_password
