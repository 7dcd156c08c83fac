"""Registers of links and guidance in the administration: whose rows, read-only, published and ended through the services."""

from __future__ import annotations

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from mentoring.models import LeagueGuidance, Mentorship
from tests.mentoring.crew import guide, link, new_members, seniors

LINKS = reverse("admin:mentoring_mentorship_changelist")
GUIDANCES = reverse("admin:mentoring_leagueguidance_changelist")


def press(client, address, action, rows, **more):
    return client.post(address, {"action": action, "_selected_action": [row.pk for row in rows], **more})


def said(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.fixture
def rows(cast):
    """Two links and two guidances of Liu, one of each a draft."""
    newcomers, mentors = new_members(cast, 2), seniors(cast, 2)
    return {
        "running": link(cast, mentors[0], newcomers[0], goal="熟悉支部工作"),
        "draft": link(cast, mentors[1], newcomers[1], as_draft=True),
        "guidance": guide(cast, mentors[0]),
        "guidance_draft": guide(cast, mentors[1], as_draft=True),
    }


@pytest.mark.parametrize(
    ("who", "links", "guidances"),
    [("liu_secretary", 2, 2), ("civil_organiser", 2, 2), ("administrator", 2, 2), ("er_secretary", 0, 0), ("counsellor", 0, 1)],
)  # fmt: skip
def test_each_role_finds_its_own_rows(cast, sign_in, rows, who, links, guidances):
    client = sign_in(who)
    assert client.get(LINKS).context["cl"].result_count == links
    assert client.get(GUIDANCES).context["cl"].result_count == guidances


def test_the_registers_are_chinese_and_read_only(cast, sign_in, rows):
    secretary = sign_in("liu_secretary")
    page = secretary.get(LINKS).content.decode()
    for words in ("帮扶结对", "帮扶人", "帮扶对象", "主管党支部", "公布所选草案", "终止所选帮扶"):
        assert words in page
    form = secretary.get(reverse("admin:mentoring_mentorship_change", args=[rows["running"].pk]))
    assert form.status_code == 200
    assert "熟悉支部工作" in form.content.decode()
    assert form.context["has_change_permission"] is False
    assert secretary.get(reverse("admin:mentoring_mentorship_add")).status_code == 403
    assert secretary.get(reverse("admin:mentoring_mentorship_delete", args=[rows["running"].pk])).status_code == 403
    assert sign_in("liu_member").get(LINKS).status_code == 403
    guidance = secretary.get(reverse("admin:mentoring_leagueguidance_change", args=[rows["guidance"].pk]))
    assert "学风建设" in guidance.content.decode()


def test_filters_and_search_narrow_the_register(cast, sign_in, rows):
    secretary = sign_in("liu_secretary")

    def found(address, **asked):
        return secretary.get(address, asked).context["cl"].result_count

    assert found(LINKS, state__exact="draft") == 1
    assert found(LINKS, tier__exact=3) == 2
    assert found(LINKS, is_formal__exact=1) == 0
    assert found(LINKS, q="新党员1") == 1
    assert found(LINKS, q=rows["running"].mentee.number) == 0
    assert found(GUIDANCES, q="2026级") == 2


def test_drafts_are_published_by_an_action(cast, sign_in, rows):
    secretary = sign_in("liu_secretary")
    answer = press(secretary, LINKS, "publish_selected", [rows["running"], rows["draft"]])
    assert said(answer) == ["已公布 1 项。"]
    assert Mentorship.objects.get(pk=rows["draft"].pk).state == "active"
    answer = press(sign_in("liu_secretary"), GUIDANCES, "publish_selected", [rows["guidance_draft"]])
    assert said(answer) == ["已公布 1 项。"]
    assert LeagueGuidance.objects.get(pk=rows["guidance_draft"].pk).state == "active"


def test_a_draft_that_no_longer_fits_is_refused_by_name(cast, sign_in, rows):
    draft, secretary = rows["draft"], sign_in("liu_secretary")
    type(draft.mentor).objects.filter(pk=draft.mentor_id).update(stage="left", left_on="2026-10-01")
    answer = press(secretary, LINKS, "publish_selected", [draft])
    assert said(answer) == ["老党员11 → 新党员2:老党员11已离校，不能结对。请选择在校的人。"]
    assert Mentorship.objects.get(pk=draft.pk).state == "draft"


@pytest.mark.parametrize("kind", ["running", "guidance"])
def test_ending_asks_for_a_reason_first(cast, sign_in, rows, kind):
    row, secretary = rows[kind], sign_in("liu_secretary")
    draft = rows["draft" if kind == "running" else "guidance_draft"]
    address = LINKS if kind == "running" else GUIDANCES
    page = press(secretary, address, "end_selected", [row])
    assert "终止所选帮扶（须写明原因）" in page.content.decode()
    assert str(row) in page.content.decode()
    page = press(secretary, address, "end_selected", [row], reason="  ")
    assert "请写明原因，双方都会看到。" in page.content.decode()
    row.refresh_from_db()
    assert row.state == "active"
    answer = press(secretary, address, "end_selected", [row, draft], reason="学期结束")
    assert said(answer)[-1] == "已终止 1 项。"
    assert [one for one in said(answer) if "这对帮扶现为“草稿”" in one or "这对帮扶现为“草案”" in one] != []
    row.refresh_from_db()
    assert (row.state, row.end_reason) == ("ended", "学期结束")


def test_who_only_sees_a_link_cannot_end_it(cast, sign_in, rows):
    """The administrator looks after the system, not after who helps whom."""
    answer = press(sign_in("administrator"), LINKS, "end_selected", [rows["running"]], reason="试试")
    assert said(answer) == [f"{rows['running']}:第六党支部主管的帮扶由该支部书记安排。请联系书记或系里。"]
    rows["running"].refresh_from_db()
    assert rows["running"].state == "active"
