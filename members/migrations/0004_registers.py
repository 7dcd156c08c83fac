"""The registers of candidates and applicants, and what keeps a page of a long register as cheap as one of a short one."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

# What a search looks up: the beginning and the end of a name (read backwards), and the initials behind the pinyin.
# The pinyin itself and the number have such an index from their fields.
SEARCH_INDEXES = (
    ("person_name_begins", "name varchar_pattern_ops"),
    ("person_name_ends", "reverse(name) text_pattern_ops"),
    ("person_initials", "substring(name_key, strpos(name_key, ' ') + 1) text_pattern_ops"),
)


def add_search_indexes(apps: Any, schema_editor: Any) -> None:
    """On PostgreSQL only: SQLite, which serves small colleges, would not use them."""
    if schema_editor.connection.vendor == "postgresql":
        for name, on in SEARCH_INDEXES:
            schema_editor.execute(f"CREATE INDEX {name} ON members_person ({on})")


def drop_search_indexes(apps: Any, schema_editor: Any) -> None:
    if schema_editor.connection.vendor == "postgresql":
        for name, _on in SEARCH_INDEXES:
            schema_editor.execute(f"DROP INDEX {name}")


class Migration(migrations.Migration):
    dependencies = [
        ("branches", "0001_initial"),
        ("members", "0003_development_record"),
    ]

    operations = [
        migrations.CreateModel(
            name="Applicant",
            fields=[],
            options={
                "verbose_name": "applicant",
                "verbose_name_plural": "applicants",
                "permissions": [
                    ("import_applicant", "Can import applicants"),
                    ("export_applicant", "Can export applicants"),
                ],
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("members.person",),
        ),
        migrations.CreateModel(
            name="Candidate",
            fields=[],
            options={
                "verbose_name": "development candidate",
                "verbose_name_plural": "development candidates",
                "permissions": [
                    ("import_candidate", "Can import candidates"),
                    ("export_candidate", "Can export candidates"),
                ],
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("members.person",),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["name_key", "number"], name="person_in_order"),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["stage", "name_key", "number"], name="person_stage_order"),
        ),
        migrations.RunPython(add_search_indexes, drop_search_indexes),
    ]
