"""What keeps the house in order: doors, sizes, settings, compose file."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    "accounts",
    "branches",
    "members",
    "pairings",
    "mentoring",
    "activities",
    "evaluations",
    "notifications",
    "reports",
)
# Modules through which people reach the data: every query there starts at visible_to or a sibling that takes the scope.
DOORS = ("views", "admin", "forms", "resources", "feeds", "filters", "import_views")
SCOPED = {"visible_to", "changeable_by", "run_by", "supervised_by", "confirmable_by", "demonstration"}


def doors() -> list[Path]:
    return [
        path
        for room in ROOMS
        for path in (ROOT / room).glob("*.py")
        if path.stem.split("_")[0] in DOORS or path.stem in DOORS
    ]


def unscoped_queries(path: Path) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in {"objects", "_default_manager", "_base_manager"}:
            parent = parents.get(node)
            if not (isinstance(parent, ast.Attribute) and parent.attr in SCOPED):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def test_queries_behind_the_doors_start_at_what_the_scope_may_see():
    # Uniqueness of a number is asked of everybody, and a code is found by its hash.
    allowed = {"accounts/admin.py", "accounts/forms.py", "accounts/views.py"}
    found = [line for path in doors() for line in unscoped_queries(path) if line.split(":")[0] not in allowed]
    assert found == []


def test_no_file_is_over_500_lines():
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.html", "*.css", "*.js"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    long = {
        name: count
        for name in listed
        if "migrations/" not in name
        and "vendor/" not in name
        and (count := len((ROOT / name).read_text(encoding="utf-8").splitlines())) > 500
    }
    assert long == {}


def test_tasks_are_named_and_never_postponed():
    for path in ROOT.glob("*/tasks.py"):
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"@shared_task\((?!name=)", text) == []
        assert [word for word in ("eta=", "countdown=", ".retry(") if word in text] == []


def test_env_example_names_every_setting():
    text = (ROOT / "pairing_portal/settings.py").read_text(encoding="utf-8")
    read = set(
        re.findall(
            r'env\.(?:text|boolean|integer|choice|hosts|origins|database|redis|email|fernet_keys|address|service)\(\s*"([A-Z_]+)"',
            text,
        )
    )
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.M))
    assert named == read


def test_compose_runs_what_the_server_needs_and_production_demands_secrets():
    trial = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    real = (ROOT / "docker-compose.production.yml").read_text()
    assert {"web", "worker", "beat", "db", "redis", "proxy", "migrate"} <= set(trial["services"])
    assert "${SECRET_KEY:?" in real
    assert "${POSTGRES_PASSWORD:?" in real
    assert "${FIELD_ENCRYPTION_KEYS:?" in real


def start(**values: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "PORTAL_DATA_DIR": "/tmp/portal-settings-test", **values}
    return subprocess.run(
        [sys.executable, "-c", "import pairing_portal.settings"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )


GOOD = {
    "SECRET_KEY": "k" * 60, "FIELD_ENCRYPTION_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=", "ALLOWED_HOSTS": "portal.example.edu", "DATABASE_URL": "postgres://u:p%40ss@db:5432/portal",
}  # fmt: skip


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "short-secret"}, "SECRET_KEY"),
        ({"FIELD_ENCRYPTION_KEYS": ""}, "FIELD_ENCRYPTION_KEYS"),
        ({"FIELD_ENCRYPTION_KEYS": "short-secret"}, "FIELD_ENCRYPTION_KEYS"),
        ({"DEBUG": "1", "PORTAL_MODE": "production"}, "DEBUG"),
        ({"DEBUG": "2"}, "DEBUG"),
        ({"ALLOWED_HOSTS": "https://portal.example.edu"}, "ALLOWED_HOSTS"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"CSRF_TRUSTED_ORIGINS": "portal.example.edu"}, "CSRF_TRUSTED_ORIGINS"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"REDIS_URL": "localhost"}, "REDIS_URL"),
        ({"EMAIL_URL": "nonsense://x"}, "EMAIL_URL"),
        ({"EMAIL_URL": "smtp://"}, "EMAIL_URL"),
        ({"EMAIL_URL": "smtp://169.254.169.254:25"}, "EMAIL_URL"),
        ({"PORTAL_URL": "http://portal.example.edu"}, "PORTAL_URL"),
        ({"PORTAL_URL": "file:///etc/passwd"}, "PORTAL_URL"),
        ({"PORTAL_URL": "https://localhost"}, "PORTAL_URL"),
        ({"PORTAL_URL": "https://user:short-secret@portal.example.edu"}, "PORTAL_URL"),
        ({"WECOM_API": "http://169.254.169.254/"}, "WECOM_API"),
        ({"WECOM_API": "https://qyapi.weixin.qq.com@169.254.169.254"}, "WECOM_API"),
        ({"DINGTALK_API": "file:///etc/passwd"}, "DINGTALK_API"),
        ({"DINGTALK_API": "https://localhost"}, "DINGTALK_API"),
        ({"DINGTALK_API": "http://oapi.dingtalk.com"}, "DINGTALK_API"),
        ({"WECOM_CORP_ID": "ww0123456789abcdef"}, "WECOM_AGENT_ID"),
        ({"WECOM_CORP_ID": "ww0123456789abcdef", "WECOM_AGENT_ID": "1000002"}, "WECOM_SECRET"),
        ({"WECOM_SECRET": "short-secret"}, "WECOM_CORP_ID"),
        ({"MAX_UPLOAD_MB": "abc"}, "MAX_UPLOAD_MB"),
        ({"MAX_UPLOAD_MB": "99999"}, "MAX_UPLOAD_MB"),
        ({"CLAMAV_ADDRESS": "localhost"}, "CLAMAV_ADDRESS"),
        ({"CLAMAV_REQUIRED": "1"}, "CLAMAV_REQUIRED"),
        ({"TRUSTED_PROXY_COUNT": "-1"}, "TRUSTED_PROXY_COUNT"),
        ({"TRUSTED_PROXY_COUNT": "--1"}, "TRUSTED_PROXY_COUNT"),
        ({"SESSION_HOURS": "0"}, "SESSION_HOURS"),
        ({"PORTAL_DEMO": "1"}, "PORTAL_DEMO"),
        ({"PORTAL_MODE": "prod"}, "PORTAL_MODE"),
    ],
)
def test_production_refuses_an_unsafe_value_and_names_it(values, name):
    started = start(**GOOD | values)
    assert started.returncode == 1
    assert f"cannot start: {name}:" in started.stderr
    assert "short-secret" not in started.stderr


def test_good_values_start_also_with_quotes_and_carriage_returns():
    assert start(**GOOD | {"SECRET_KEY": f'\ufeff"{"k" * 60}"\r'}).returncode == 0


def test_a_typing_mistake_in_our_own_name_is_said():
    assert "PORTAL_DEBGU is not a setting" in start(**GOOD | {"PORTAL_DEBGU": "1"}).stderr
