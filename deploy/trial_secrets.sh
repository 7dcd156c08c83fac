#!/bin/sh
# Makes the secrets of a trial once, readable by its containers only.
set -eu
umask 077
[ -f /secrets/trial.env ] && exit 0
key=$(head -c 48 /dev/urandom | base64 | tr -d '\n/+=')
password=$(head -c 24 /dev/urandom | base64 | tr -d '\n/+=')
printf 'SECRET_KEY=trial-%s\nPOSTGRES_PASSWORD=%s\n' "$key" "$password" > /secrets/trial.env
printf '%s' "$password" > /secrets/postgres_password
chmod 644 /secrets/trial.env /secrets/postgres_password
