"""The preview names everything a file changes, and the button counts it."""

from __future__ import annotations

import html
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from branches.models import LeagueBranch
from members.models import Absence, Post
from tests.members.importing.rosters import LEAGUES, PEOPLE, TODAY, table
from tests.members.importing.test_import_pages import tokens, upload

ER, LIU = "机械系党总支第二党支部", "土木系党总支第六党支部"
ONE = "土木系2026级土木工程团支部"


@pytest.fixture
def preview(cast, client):
    """`preview("er_secretary", file)` gives the text of the page, its cells parted by |, and of the button."""

    def _preview(name: str, data: bytes) -> tuple[str, str]:
        client.force_login(cast.user(name), backend="allauth.account.auth_backends.AuthenticationBackend")
        client.cookies["django_language"] = "en"
        page = upload(client, SimpleUploadedFile("名册.csv", data)).content.decode()
        main = page.partition("<main")[2].partition("</main>")[0]
        button = re.search(r"<button[^>]*>([^<]*pply[^<]*)</button>", main)
        return html.unescape(re.sub(r"\s*(<[^>]*>\s*)+", "|", main)), button[1].strip() if button else ""

    return _preview


def test_posts_alone(cast, preview, client) -> None:
    Post.objects.create(person=cast.person("er_member"), party_branch=cast.er, kind="publicity_officer")
    data = table(f"{PEOPLE},党内职务", f"20230310001,甘杰怡,{ER},宣传委员", f"20230310004,罗萍妍,{ER},纪检委员")
    page, button = preview("er_secretary", data)
    assert button == "Apply: posts: 2"
    assert f"甘杰怡|20230310001|committee member for publicity|{ER}|罗萍妍|" in page
    assert f"罗萍妍|20230310004|committee member for discipline inspection|{ER}|–|" in page
    answer = client.post(reverse("roster_apply"), {"token": tokens()}, follow=True)
    assert "Imported: 0 new, 0 changed. With it: posts: 2." in answer.content.decode()


def test_league_branches_cell_by_cell(cast, preview) -> None:
    LeagueBranch.objects.filter(pk=cast.one.pk).update(model_type="", member_count=None)
    row = f"{ONE},土木系,26土木本科1班,2026,31,,,{LIU}"
    data = table(f"{LEAGUES},创建类型", f"{row},理论学习型", f"土木系2026级新团支部,土木系,26新班,2026,,,,{LIU},")
    page, button = preview("civil_organiser", data)
    assert button == "Apply: League branches: 2"
    assert f"{ONE}|League members:|—|→|31|model type:|—|→|theory learning|" in page
    assert (
        "土木系2026级新团支部|new|department:|—|→|土木系|class:|—|→|26新班|enrolment year:|—|→|2026|"
        f"responsible Party branch:|—|→|{LIU}|" in page
    )
    assert "class|26新班|土木系|" in page


def test_absences_with_their_old_end(cast, preview) -> None:
    person = cast.person("er_member")
    Absence.objects.create(person=person, from_on=TODAY)
    data = table(
        f"{PEOPLE},实习开始,实习结束",
        f"{person.number},罗萍妍,{ER},2026-10-28,2026-12-01",
        f"20230310002,张红,{ER},2026-11-01,",
    )
    page, button = preview("er_secretary", data)
    assert button == "Apply: internships: 2"
    assert f"罗萍妍|{person.number}|2026-10-28|—|→|2026-12-01|" in page
    assert "张红|20230310002|2026-11-01|—|" in page


def test_people_and_the_places_that_come_with_them(cast, preview) -> None:
    data = table(f"{PEOPLE},班级,党内职务", f"20239990001,新同学,{ER},23新班本科,宣传委员")
    page, button = preview("mech_organiser", data)
    assert button == "Apply: people: 1、posts: 1"
    assert "class|23新班本科|机械系|" in page
    page, button = preview("mech_organiser", table(PEOPLE, f"20239990001,新同学,{ER}"))
    assert button == "Apply 1 row"


def test_nothing_to_apply_has_no_button(cast, preview) -> None:
    page, button = preview("er_secretary", table(PEOPLE, f"20230310004,罗萍妍,{ER}"))
    assert (button, bool(re.search("There is nothing to apply", page))) == ("", True)


def test_a_list_of_many_says_how_many_more_there_are(cast, preview, monkeypatch) -> None:
    monkeypatch.setattr("members.importing.preview.SHOWN_ROWS", 1)
    data = table(f"{PEOPLE},党内职务", f"20230310001,甘杰怡,{ER},宣传委员", f"20230310004,罗萍妍,{ER},纪检委员")
    page, button = preview("er_secretary", data)
    assert (button, "1 more rows are not shown here" in page, "20230310004" in page) == ("Apply: posts: 2", True, False)
