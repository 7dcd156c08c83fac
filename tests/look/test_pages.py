"""The frame, the pages without a room, the errors, the language, the headers."""

from __future__ import annotations

import re

import pytest
from django.contrib.messages import get_messages
from django.contrib.messages.storage.fallback import FallbackStorage
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation

from pairing_portal.common import errors
from pairing_portal.common.registries import navigation
from pairing_portal.common.scope import ADMIN_SITE_ROLES
from pairing_portal.common.toasts import say_done

# Groups of the admin's left column, in their order.
JOBS = ("组织", "成员", "结对共建", "分层帮扶", "活动与宣讲", "评价", "报表", "账号与通知", "其他")


def policy(response: HttpResponse) -> dict[str, set[str]]:
    parts = [part.split() for part in response.headers["Content-Security-Policy"].split(";")]
    return {part[0]: set(part[1:]) for part in parts}


# --- Errors: no session, no database (these tests have none) -------------------------------------


@pytest.mark.parametrize(
    ("view", "status", "title"),
    [
        (errors.bad_request, 400, "无法识别这个请求"),
        (errors.forbidden, 403, "您没有这项权限"),
        (errors.not_found, 404, "页面不存在"),
        (errors.server_error, 500, "系统出了问题"),
        (errors.csrf_failure, 403, "表单打开时间过长"),
    ],
)
def test_an_error_page_needs_no_database_and_speaks_chinese(rf: RequestFactory, view, status: int, title: str) -> None:
    response = view(rf.get("/x"))
    html = response.content.decode()

    assert response.status_code == status
    assert f"<h1>{title}</h1>" in html
    assert '<html lang="zh-Hans">' in html
    assert "<script" not in html


def test_an_unknown_address_is_answered_in_chinese_with_404() -> None:
    response = Client().get("/there/is/nothing/")

    assert response.status_code == 404
    assert "页面不存在" in response.content.decode()


@pytest.mark.django_db
def test_a_stale_form_is_answered_in_chinese_with_403() -> None:
    response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x", "password": "y"})

    assert response.status_code == 403
    assert "表单打开时间过长" in response.content.decode()


# --- The frame ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_frame_shows_the_rooms_of_the_role_and_marks_the_current_one(sign_in, cast) -> None:
    html = sign_in("er_member").get("/log/").content.decode()
    nav = html.partition('class="frame-nav"')[2].partition("</nav>")[0]

    assert re.findall(r'href="([^"]+)" aria-current="page"', nav) == ["/log/"]
    assert reverse("admin:index") not in nav
    assert str(cast.user("er_member")) in html


@pytest.mark.django_db
def test_whoever_may_enter_the_admin_finds_it_in_the_left_column(sign_in) -> None:
    html = sign_in("er_secretary").get("/log/").content.decode()

    assert f'href="{reverse("admin:index")}"' in html.partition('class="frame-nav"')[2].partition("</nav>")[0]
    assert [entry.roles for entry in navigation if entry.url_name == "admin:index"] == [ADMIN_SITE_ROLES]


@pytest.mark.django_db
def test_the_bottom_bar_holds_the_entries_made_for_phones(sign_in) -> None:
    html = sign_in("er_member").get("/log/").content.decode()
    bar = html.partition('class="frame-bottom"')[2].partition("</nav>")[0]
    expected = [reverse(entry.url_name) for entry in navigation if entry.phone]

    assert re.findall(r'href="(/[^"]*)"', re.sub(r"<use[^>]*>", "", bar)) == expected
    assert expected == ["/", "/calendar/", "/log/", "/members/me/"]


@pytest.mark.django_db
def test_the_workbench_is_current_only_on_itself(sign_in) -> None:
    client = sign_in("er_member")

    assert client.get("/notices/").content.decode().count('aria-current="page"') == 0
    assert client.get("/").content.decode().partition("frame-nav")[2].count('href="/" aria-current="page"') == 2


@pytest.mark.django_db
def test_a_page_can_be_reached_by_keyboard_and_read_by_machines(sign_in) -> None:
    html = sign_in("er_member").get("/log/").content.decode()

    assert '<a class="skip-link" href="#main">跳到正文</a>' in html
    assert html.count('<main class="page" id="main" tabindex="-1">') == 1
    assert html.count("<h1>") == 1


@pytest.mark.django_db
def test_htmx_is_held_short(sign_in) -> None:
    html = sign_in("er_member").get("/log/").content.decode()
    config = re.search(r"name=\"htmx-config\" content='([^']+)'", html)

    assert config is not None
    assert config[1] == (
        '{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,'
        '"selfRequestsOnly":true,"historyCacheSize":0}'
    )
    assert '"X-CSRFToken"' in html


def test_a_message_offers_the_way_back(rf: RequestFactory) -> None:
    request = rf.get("/")
    request.session = {}
    request._messages = FallbackStorage(request)
    say_done(request, "<已提交>", undo_url="/log/3/withdraw/")
    say_done(request, "没有撤销")

    html = render_to_string("includes/toasts.html", {"messages": list(get_messages(request))})

    assert re.findall(r'<form method="post" action="([^"]+)">', html) == ["/log/3/withdraw/"]
    assert "&lt;已提交&gt;" in html
    assert html.count("note-success") == 2


# --- Headers --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_portal_allows_no_inline_script_and_no_eval(sign_in) -> None:
    response = sign_in("er_member").get("/log/")
    found = policy(response)

    assert found["script-src"] == {"'self'"}
    assert found["style-src"] == {"'self'"}
    assert found["default-src"] == {"'self'"}
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.django_db
def test_the_admin_alone_gets_what_its_theme_needs(sign_in) -> None:
    found = policy(sign_in("administrator").get(reverse("admin:index")))

    assert found["script-src"] == {"'self'", "'unsafe-eval'"}
    assert found["style-src"] == {"'self'", "'unsafe-inline'"}
    assert found["frame-ancestors"] == {"'none'"}


@pytest.mark.django_db
def test_an_ordinary_request_is_redirected_to_sign_in(client: Client) -> None:
    response = client.get("/log/")

    assert (response.status_code, response.headers["Location"]) == (302, "/accounts/login/?next=/log/")


# --- Language -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_language_switch_changes_the_page_and_stays(client: Client) -> None:
    before = client.get(reverse("privacy")).content.decode()
    answer = client.post(reverse("set_language"), {"language": "en", "next": reverse("privacy")})
    after = client.get(reverse("privacy")).content.decode()

    assert '<html lang="zh-Hans">' in before
    assert "<h1>隐私说明</h1>" in before
    assert answer.headers["Location"] == reverse("privacy")
    assert '<html lang="en">' in after
    assert "<h1>Privacy</h1>" in after


@pytest.mark.django_db
def test_the_browsers_language_is_not_followed(client: Client) -> None:
    html = client.get(reverse("account_login"), headers={"Accept-Language": "en"}).content.decode()

    assert '<html lang="zh-Hans">' in html


# --- Privacy, sign-in -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_privacy_is_readable_before_and_after_signing_in(client: Client, sign_in, settings) -> None:
    settings.PORTAL_CONTACT = "组织部 0101"

    stranger, member = client.get(reverse("privacy")), sign_in("er_member").get(reverse("privacy"))

    assert (stranger.status_code, member.status_code) == (200, 200)
    assert ("frame-nav" in stranger.content.decode(), "frame-nav" in member.content.decode()) == (False, True)
    assert "联系方式：组织部 0101" in stranger.content.decode()


@pytest.mark.django_db
def test_sign_in_names_the_college_and_the_way_to_a_first_password(client: Client, settings) -> None:
    settings.PORTAL_COLLEGE_NAME = "江城工程学院"
    settings.PORTAL_ICP_NUMBER = "沪ICP备00000000号"
    html = client.get(reverse("account_login")).content.decode()

    assert "江城工程学院" in html
    assert "沪ICP备00000000号" in html
    assert f'href="{reverse("account_activate")}"' in html
    assert "demo-card" not in html


def test_demonstration_accounts_are_one_click_each(rf: RequestFactory) -> None:
    account = {"username": "20230310001", "label": "支部书记", "description": "确认记录"}
    context = {"demo_mode": True, "demo_accounts": [account], "form": None, "redirect_field": ""}

    html = render_to_string("account/login.html", context)

    assert '<input type="hidden" name="username" value="20230310001">' in html
    assert html.count("demo-card") == 1
    assert html.count(f'action="{reverse("account_demo_sign_in")}"') == 1


# --- The admin ------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_admin_speaks_chinese_and_groups_by_job(sign_in) -> None:
    client = sign_in("administrator")
    response = client.get(reverse("admin:index"))
    groups = [str(group.get("title", "")) for group in response.context["sidebar_navigation"]]
    links = [str(item["link"]) for group in response.context["sidebar_navigation"] for item in group["items"]]

    assert groups[0] == ""
    assert links[0] == reverse("workbench")
    assert groups[1:] == [title for title in JOBS if title in groups]
    assert len(links) == len(set(links)) > 3
    assert all(client.get(link).status_code == 200 for link in links[1:])


@pytest.mark.django_db
def test_the_admins_left_column_holds_only_what_the_role_may_open(sign_in) -> None:
    client = sign_in("er_secretary")
    groups = client.get(reverse("admin:index")).context["sidebar_navigation"]
    links = [str(item["link"]) for group in groups for item in group["items"]]

    assert reverse("admin:accounts_user_changelist") not in links
    assert [client.get(link).status_code for link in links] == [200] * len(links)


def test_strings_of_the_theme_are_translated() -> None:
    with translation.override("zh-hans"):
        assert translation.gettext("Type to search") == "输入关键词搜索"
        assert translation.gettext("Reset filters") == "清除筛选"
