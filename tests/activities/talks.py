"""What the tests of lectures do again and again: record one, answer as one of the cast."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from activities import services
from activities.models import LectureAudience, Textbook
from members.access import scope_for
from members.models import Post


def act(cast, name):
    """The keyword arguments the services of answers take, for one of the cast."""
    return {"scope": scope_for(cast.user(name)), "by": cast.user(name), "now": timezone.now()}


def book():
    return Textbook.objects.get_or_create(title="大学生党的基本知识读本", defaults={"is_prescribed": True})[0]


def record(cast, *, by="liu_member", **changes):
    """Liu's member lectures to League branch One on Tuesday."""
    values = {
        "speakers": [cast.person("liu_member")], "league_branches": [cast.one], "on": dt.date(2026, 10, 27), "minutes": 40,
        "textbook": book(), "chapter": "第一章", "topic": "党的性质", "by": cast.user(by), "today": timezone.localdate(),
        "now": timezone.now(),
    }  # fmt: skip
    return services.record_lecture(**values | changes)


def heard_by(lecture, league_branch):
    return LectureAudience.objects.get(lecture=lecture, league_branch=league_branch)


def answer(cast, audience, name="league_secretary", **changes):
    return services.answer_audience(audience=audience, **{"took_place": True} | act(cast, name) | changes)


def second_league_branch(cast):
    """Old becomes a junior League branch with a secretary of its own: the classmate."""
    cast.old.enrolment_year = 2026
    cast.old.save()
    Post.objects.create(
        person=cast.person("classmate"), league_branch=cast.old, kind="league_secretary", since=dt.date(2026, 9, 1)
    )
    return cast.old
