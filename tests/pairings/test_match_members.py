"""`manage.py match_members`: one object on standard output, nothing written without --apply."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from pairings.models import GroupPlace, MemberPairing

from .crew import activate, enrol


def run(*arguments):
    out = io.StringIO()
    with translation.override("zh-hans"):
        call_command("match_members", *arguments, stdout=out)
    return out.getvalue()


def test_json_names_pairs_with_reasons_and_writes_nothing(cast):
    pairing = activate(cast)
    found = json.loads(run(str(pairing.pk), "--json"))
    assert sorted(found) == ["left_over", "pairs", "seconds"]
    # One partner, four helpers: the partner may have two.
    assert [pair["b"] for pair in found["pairs"]] == ["20240320001", "20240320001"]
    assert found["pairs"][0]["score"] == sum(int(word.rsplit(" ", 1)[1]) for word in found["pairs"][0]["reasons"])
    assert [row["why"] for row in found["left_over"]] == ["合适的对象都已结对（每人最多 2 人）"] * 2
    assert MemberPairing.objects.count() == 0


def test_apply_puts_the_draft_on_the_board(cast):
    activate(cast)
    text = run("第二党支部:第三党支部", "--apply")
    assert "罗杰" in text
    assert list(MemberPairing.objects.values_list("published_at", flat=True)) == [None, None]


def test_a_branch_with_two_partners_is_divided_first(cast):
    enrol(cast.er, 6)
    enrol(cast.san, 4, programme="diploma", year=2024)
    pairing = activate(cast)
    activate(cast, partner=cast.si)
    found = json.loads(run(str(pairing.pk), "--json", "--apply"))
    assert [len(numbers) for numbers in found["groups"].values()] == [5, 5]
    assert len(found["pairs"]) == 5
    assert MemberPairing.objects.count() == 5
    assert {pair.helper.number for pair in MemberPairing.objects.select_related("helper")} == set(
        found["groups"][str(pairing.pk)]
    )
    assert GroupPlace.objects.filter(draft_group__pairing=pairing, group=None).count() == 5


@pytest.mark.parametrize("text", ["99", "第二党支部", "第二党支部:第九党支部", "a:b:c", "0"])
def test_what_is_no_pairing_is_wrong_usage(cast, text):
    with pytest.raises(CommandError) as error:
        run(text)
    assert error.value.returncode == 2
