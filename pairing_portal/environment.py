"""Strict readers for environment variables; every fault is collected and named before anything starts.

A value with surrounding blanks, quotes, a byte-order mark or a trailing carriage return (a Windows ``.env``)
is cleaned. What cannot be understood is never guessed: `Environment.finish` ends the process with one
line a fault, naming the variable and never printing a secret.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import environ
from cryptography.fernet import Fernet

TRUE_WORDS = {"1", "true", "yes", "on"}
FALSE_WORDS = {"0", "false", "no", "off", ""}
# Orders to the commands in script/, not settings.
COMMAND_VARIABLES = {"PORTAL_VENV", "PORTAL_PYTHON", "PORTAL_REQUIRE_SERVICES"}


def clean(value: str) -> str:
    """Strip what editors and shells leave around a value."""
    value = value.replace("\ufeff", "").strip().strip("\r").strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1]
    return value


def _address_parts(value: str) -> SplitResult | None:
    """The parts of an address that holds nothing but scheme, host, port and path; None for everything else."""
    try:
        parts = urlsplit(value)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    strange = "@" in parts.netloc or parts.query or parts.fragment or re.search(r"[\s\\<>\"'()]", value)
    return parts if usable and not strange else None


def _ip(host: str | None) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host or "")
    except ValueError:
        return None


def _is_link_local(host: str | None) -> bool:
    """Where clouds hand out the machine's own secrets."""
    ip = _ip(host)
    return ip is not None and (ip.is_link_local or ip.is_unspecified or ip.is_multicast)


def _is_this_machine(host: str | None) -> bool:
    ip = _ip(host)
    return host == "localhost" or (host or "").endswith(".localhost") or (ip is not None and ip.is_loopback)


class Environment:
    """Reads variables by name, remembers which were asked for and what was wrong with them."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = {key: clean(value) for key, value in values.items()}
        self.known: set[str] = set()
        self.faults: list[str] = []
        self.warnings: list[str] = []

    @classmethod
    def from_process(cls, env_file: Path) -> Environment:
        """Variables of the process; a ``.env`` beside manage.py fills what the process does not set."""
        if env_file.is_file():
            environ.Env.read_env(str(env_file), encoding="utf-8-sig")
        return cls(os.environ)

    def fault(self, name: str, why: str) -> None:
        self.faults.append(f"{name}: {why}")

    def text(self, name: str, default: str = "") -> str:
        self.known.add(name)
        value = self.values.get(name, "")
        return value if value else default

    def boolean(self, name: str, default: bool = False) -> bool:
        self.known.add(name)
        raw = self.values.get(name)
        if raw is None:
            return default
        word = raw.lower()
        if word in TRUE_WORDS:
            return True
        if word not in FALSE_WORDS:
            self.fault(name, "must be 1 or 0 (also true/false, yes/no, on/off)")
        return False

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        raw = self.text(name)
        if not raw:
            return default
        if re.fullmatch(r"-?[0-9]{1,9}", raw) and low <= int(raw) <= high:
            return int(raw)
        self.fault(name, f"must be a whole number from {low} to {high}")
        return default

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in allowed:
            self.fault(name, "must be one of " + ", ".join(allowed))
            return default
        return value

    def hosts(self, name: str, default: list[str]) -> list[str]:
        """Host names, comma separated, without scheme and port."""
        hosts = [part.strip() for part in self.text(name).split(",") if part.strip()]
        for host in hosts:
            if "://" in host or "/" in host or (":" in host and not host.startswith("[")):
                self.fault(name, "takes host names only, without https:// and without a port")
        return hosts or default

    def origins(self, name: str) -> list[str]:
        """Addresses such as https://portal.example.edu, comma separated."""
        origins = [part.strip() for part in self.text(name).split(",") if part.strip()]
        for origin in origins:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or not parts.netloc:
                self.fault(name, "each address must start with https:// (or http://)")
        return origins

    def address(self, name: str, *, public: bool) -> str:
        """The address of a site, https://portal.example.edu, without a slash at its end. `public`: people reach it from elsewhere."""
        value = self.text(name).rstrip("/")
        if not value:
            return ""
        parts = _address_parts(value)
        if parts is None or parts.scheme not in ({"https"} if public else {"http", "https"}):
            self.fault(name, "must read https://portal.example.edu, without a name, a password or anything behind it")
            return ""
        if _is_link_local(parts.hostname) or (public and _is_this_machine(parts.hostname)):
            self.fault(name, "must be the address people type, not one of this machine")
            return ""
        return value

    def service(self, name: str, default: str, hosts: frozenset[str]) -> str:
        """The address of a service the portal asks: https, and one of `hosts`. Anything else could be a machine of the inner network."""
        value = self.text(name, default).rstrip("/")
        parts = _address_parts(value)
        if parts is None or parts.scheme != "https" or parts.netloc not in hosts or parts.path:
            self.fault(name, f"must be {default}; the portal speaks to no other host")
            return default
        return value

    def all_or_none(self, *names: str) -> None:
        """Settings that mean nothing without each other."""
        missing = [name for name in names if not self.values.get(name)]
        if len(missing) < len(names):
            for name in missing:
                self.fault(name, f"is missing; {', '.join(names)} belong together")

    def fernet_keys(self, name: str) -> list[str]:
        """Keys of 32 bytes in URL-safe base64, comma separated, newest first."""
        return self.parse_fernet_keys(name, self.text(name))

    def parse_fernet_keys(self, name: str, text: str) -> list[str]:
        """The keys in a text (of a variable, or of a file: there a line each). A fault names the number of the bad key."""
        keys = [part for part in re.split(r"[,\s]+", text) if part]
        for number, key in enumerate(keys, start=1):
            try:
                Fernet(key)
            except ValueError:
                self.fault(
                    name, f"key number {number} is not a key; make one with cryptography.fernet.Fernet.generate_key()"
                )
                return []
        return keys

    def database(self, name: str, default: str) -> dict[str, Any]:
        url = self.text(name, default)
        try:
            config: dict[str, Any] = environ.Env.db_url_config(url)
        except (ValueError, KeyError, environ.ImproperlyConfigured):
            config = {}
        engine = config.get("ENGINE", "")
        if not engine.endswith(("sqlite3", "postgresql")) or not config.get("NAME"):
            self.fault(
                name,
                "must read postgres://user:password@host:5432/name or sqlite:////path; "
                "write @ / # % in a password as %40 %2F %23 %25",
            )
            return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
        return config

    def redis(self, name: str) -> str:
        url = self.text(name)
        if url:
            parts = urlsplit(url)
            try:
                usable = parts.scheme in {"redis", "rediss"} and bool(parts.hostname) and parts.port != 0
            except ValueError:
                usable = False
            if not usable:
                self.fault(name, "must read redis://host:6379/0")
                return ""
        return url

    def email(self, name: str, default: str) -> dict[str, Any]:
        try:
            config: dict[str, Any] = environ.Env.email_url_config(self.text(name, default))
        except (ValueError, KeyError, AttributeError, environ.ImproperlyConfigured):
            self.fault(name, "must read smtp+ssl://user:password@host:465 (or consolemail://)")
            return environ.Env.email_url_config("dummymail://")
        host = config.get("EMAIL_HOST") or ""
        if "smtp" in config["EMAIL_BACKEND"] and (not host or _is_link_local(host)):
            self.fault(name, "must name the college's mail server: smtp+ssl://user:password@host:465")
        return config

    def warn_unknown(self, prefix: str) -> None:
        """A typo in one of our own names would otherwise be silence."""
        for name in sorted(self.values):
            if name in COMMAND_VARIABLES or name.startswith("PORTAL_TEST_"):
                continue
            if name.startswith(prefix) and name not in self.known:
                self.warnings.append(f"{name} is not a setting of the portal (a typing mistake?)")

    def finish(self) -> None:
        """Print the warnings; end the process when anything was wrong."""
        for warning in self.warnings:
            print(f"pairing portal: warning: {warning}", file=sys.stderr)
        if self.faults:
            raise SystemExit("\n".join(f"pairing portal: cannot start: {fault}" for fault in self.faults))
