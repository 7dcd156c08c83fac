"""Encrypted columns: what is stored, what is refused, wrong keys, rotation, and what a start looks at."""

from __future__ import annotations

import io

import pytest
from cryptography.fernet import Fernet
from django import forms
from django.apps import apps
from django.contrib import admin
from django.core import serializers
from django.core.exceptions import FieldError, ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from mentoring.models import SupportConsent, SupportNeed
from pairing_portal.common import encrypted_columns as columns
from pairing_portal.common.encryption import (
    PREFIX,
    EncryptedTextField,
    Undecipherable,
    decrypt,
    encrypt,
    is_current,
    rotate,
)
from pairing_portal.common.startup import look_around

OLD, NEW, OTHER = ("a" * 43 + "=", "b" * 42 + "A=", "c" * 42 + "A=")
COLUMN = "mentoring.SupportNeed.codes"


@pytest.fixture
def need(cast):
    """One row, its text not yet that of the services: here only the column matters."""
    return row_of(cast, "classmate")


def row_of(cast, name: str, codes: str = "paper") -> SupportNeed:
    person = cast.person(name)
    consent = SupportConsent.objects.create(person=person, version="1", given_at=timezone.now())
    return SupportNeed.objects.create(
        person=person, consent=consent, codes=codes, recorded_by=cast.user("counsellor"), recorded_at=timezone.now()
    )


def stored(need: SupportNeed) -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT codes FROM mentoring_supportneed WHERE id = %s", [need.pk])
        return cursor.fetchone()[0]


# --- Text ----------------------------------------------------------------------------------------


@given(st.text())
def test_any_text_comes_back_as_it_was(text):
    assert decrypt(encrypt(text)) == text
    assert decrypt(rotate(encrypt(text))) == text


@pytest.mark.parametrize("text", ["", " ", "𠮷", "👩‍🎓", "a\x00b", "enc1:abc", "金丝雀" * 2000])
def test_a_column_gives_back_what_was_stored(cast, text):
    need = row_of(cast, "classmate", text)
    assert SupportNeed.objects.get(pk=need.pk).codes == text
    assert stored(need).startswith(PREFIX)
    assert text == "" or text not in stored(need)[len(PREFIX) :]


def test_equal_texts_are_stored_differently(cast, need):
    assert stored(need) != stored(row_of(cast, "liu_activist"))


@pytest.mark.parametrize("value", ["plain", "", f"{PREFIX}", f"{PREFIX}nonsense", encrypt("x")[:-4]])
def test_what_was_not_encrypted_is_never_handed_out(value):
    with pytest.raises(Undecipherable):
        decrypt(value)


def test_a_wrong_key_raises_and_hands_out_nothing(need, settings):
    before = stored(need)
    settings.FIELD_ENCRYPTION_KEYS = [OTHER]
    with pytest.raises(Undecipherable) as caught:
        SupportNeed.objects.get(pk=need.pk)
    assert OTHER not in str(caught.value)
    assert before not in str(caught.value)
    with pytest.raises(Undecipherable):
        list(SupportNeed.objects.values_list("codes", flat=True))
    with pytest.raises(Undecipherable):
        rotate(before)
    assert stored(need) == before


# --- Looking for it ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "lookup", ["", "__exact", "__in", "__startswith", "__icontains", "__regex", "__gt", "__length", "__lower"]
)
def test_the_column_cannot_be_searched(need, lookup):
    value = ["paper"] if lookup == "__in" else "paper"
    with pytest.raises(FieldError):
        SupportNeed.objects.filter(**{f"codes{lookup}": value}).count()
    with pytest.raises(FieldError):
        SupportConsent.objects.filter(**{f"needs__codes{lookup}": value}).count()


def test_values_are_read_and_emptiness_is_asked(need):
    assert list(SupportNeed.objects.values_list("codes", flat=True)) == ["paper"]
    assert SupportNeed.objects.filter(codes__isnull=False).count() == 1


def test_every_way_of_writing_encrypts_once(need):
    SupportNeed.objects.filter(pk=need.pk).update(codes="by update")
    assert decrypt(stored(need)) == "by update"
    need.codes = "in bulk"
    SupportNeed.objects.bulk_update([need], ["codes"])
    assert decrypt(stored(need)) == "in bulk"
    need.codes = "saved"
    need.save()
    assert decrypt(stored(need)) == "saved"
    need.refresh_from_db()
    need.full_clean()
    assert need.codes == "saved"


def test_a_failed_form_shows_what_was_typed_and_no_ciphertext(need):
    class Form(forms.ModelForm):
        class Meta:
            model = SupportNeed
            fields = ["codes", "recorded_at"]

    html = str(Form(instance=need)) + str(Form({"codes": "typed", "recorded_at": "never"}, instance=need))
    assert "paper" in html
    assert "typed" in html
    assert PREFIX not in html


def test_what_looks_like_ciphertext_is_refused_in_words(need):
    need.codes = f"{PREFIX}abc"
    with pytest.raises(ValidationError, match="不能保存这段文字"):
        need.full_clean()


def test_a_dump_is_as_unreadable_as_the_column_and_loads_again(need):
    dumped = serializers.serialize("json", [need])
    assert "paper" not in dumped
    assert PREFIX in dumped
    assert next(iter(serializers.deserialize("json", dumped))).object.codes == "paper"


def test_support_needs_stand_in_no_admin():
    assert {model._meta.model_name for model in admin.site._registry} & {
        "supportneed", "supportconsent", "supportreading",
    } == set()  # fmt: skip


def test_no_history_keeps_an_encrypted_column():
    assert [
        model._meta.label for model in apps.get_models()
        if model._meta.model_name.startswith("historical") and any(isinstance(f, EncryptedTextField) for f in model._meta.fields)
    ] == []  # fmt: skip


# --- Keys and rotation ---------------------------------------------------------------------------


@pytest.fixture
def aged(cast, settings):
    """Three rows written with the old key; the new one stands in front by now."""
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    rows = [row_of(cast, name, name) for name in ("classmate", "liu_activist", "er_member")]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    return rows


def rotated(*arguments: str) -> str:
    out = io.StringIO()
    call_command("rotate_field_keys", *arguments, stdout=out)
    return next(line for line in out.getvalue().splitlines() if line.startswith(COLUMN))


def needs_column() -> columns.Column:
    return next(column for column in columns.encrypted_columns() if str(column) == COLUMN)


def test_rotation_brings_every_row_under_the_newest_key_and_does_it_once(aged, settings):
    before = [stored(row) for row in aged]
    assert (
        rotated("--dry-run")
        == f"{COLUMN}: 3 rows, 3 would be rewritten, 0 under the newest key already, 0 not readable"
    )
    assert [stored(row) for row in aged] == before
    assert rotated() == f"{COLUMN}: 3 rows, 3 rewritten, 0 under the newest key already, 0 not readable"
    assert rotated() == f"{COLUMN}: 3 rows, 0 rewritten, 3 under the newest key already, 0 not readable"
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert list(SupportNeed.objects.order_by("pk").values_list("codes", flat=True)) == [
        "classmate", "liu_activist", "er_member",
    ]  # fmt: skip


def test_an_interrupted_rotation_leaves_whole_rows_and_goes_on(aged, monkeypatch):
    calls = []

    def fragile(text):
        calls.append(text)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return rotate(text)

    monkeypatch.setattr(columns, "rotate", fragile)
    with pytest.raises(KeyboardInterrupt):
        columns.rotate_column(needs_column(), batch=2)
    assert [is_current(stored(row)) for row in aged] == [True, True, False]
    monkeypatch.undo()
    assert rotated() == f"{COLUMN}: 3 rows, 1 rewritten, 2 under the newest key already, 0 not readable"
    assert list(SupportNeed.objects.values_list("codes", flat=True).order_by("pk")) == [
        "classmate", "liu_activist", "er_member",
    ]  # fmt: skip


def test_a_row_changed_during_the_rotation_is_not_overwritten(aged, monkeypatch):
    def slow(text):
        SupportNeed.objects.filter(pk=aged[0].pk).update(codes="changed meanwhile")
        return rotate(text)

    monkeypatch.setattr(columns, "rotate", slow)
    done = columns.rotate_column(needs_column())
    assert (done.rows, done.rotated) == (3, 2)
    assert SupportNeed.objects.get(pk=aged[0].pk).codes == "changed meanwhile"


def test_rotation_says_what_it_cannot_read_and_leaves_it(aged, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OTHER]
    before = [stored(row) for row in aged]
    with pytest.raises(CommandError, match="3 rows cannot be read"):
        rotated()
    assert [stored(row) for row in aged] == before


# --- Starting ------------------------------------------------------------------------------------


def faults() -> list[str]:
    return [
        line for line in look_around(now=timezone.now()).faults if "FIELD_ENCRYPTION_KEYS" in line or "keys" in line
    ]


def test_a_start_with_the_right_keys_says_nothing(aged):
    assert faults() == []


@pytest.mark.parametrize("keys", [[NEW], [OTHER], [OTHER, NEW]])
def test_a_key_taken_away_too_early_stops_the_start_with_the_number_of_rows(aged, settings, keys):
    settings.FIELD_ENCRYPTION_KEYS = keys
    (said,) = faults()
    assert said.startswith(f"FIELD_ENCRYPTION_KEYS: 3 of 3 rows of {COLUMN} cannot be read")
    with pytest.raises(CommandError) as caught:
        call_command("preflight", "--wait", "0", stderr=io.StringIO())
    assert "3 of 3 rows" in str(caught.value)
    assert [key for key in (OLD, NEW, OTHER) if key in str(caught.value)] == []


def test_a_key_that_lacks_some_rows_names_only_those(cast, aged, settings):
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    row_of(cast, "league_secretary")
    assert faults()[0].startswith(f"FIELD_ENCRYPTION_KEYS: 3 of 4 rows of {COLUMN}")


@pytest.mark.parametrize(
    ("mode", "production", "said"),
    [(0o600, False, (0, 0)), (0o640, True, (0, 0)), (0o644, False, (0, 1)), (0o644, True, (1, 0))],
)
@pytest.mark.parametrize("name", ["field_encryption_key", ".env"])
def test_a_key_file_everybody_can_read(db, settings, tmp_path, mode, production, said, name):
    path = tmp_path / name
    path.write_text(f"FIELD_ENCRYPTION_KEYS={Fernet.generate_key().decode()}\n")
    path.chmod(mode)
    settings.DATA_DIR = settings.BASE_DIR = tmp_path
    settings.IS_PRODUCTION = production
    found = look_around(now=timezone.now())
    lines = [
        [line for line in lines if "chmod 600" in line and name in line] for lines in (found.faults, found.warnings)
    ]
    assert (len(lines[0]), len(lines[1])) == said


def test_a_dotenv_without_keys_may_be_read(db, settings, tmp_path):
    (tmp_path / ".env").write_text("FIELD_ENCRYPTION_KEYS=\n")
    (tmp_path / ".env").chmod(0o644)
    settings.BASE_DIR = tmp_path
    assert [line for line in look_around(now=timezone.now()).warnings if ".env" in line] == []
