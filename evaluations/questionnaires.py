"""Questionnaires: the ones a portal begins with, copying one, putting another into use."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from pairing_portal.common.problems import Refused

from .feedback_rules import Asked


class SeedQuestion(NamedTuple):
    dimension: str
    text: str
    text_en: str


class SeedQuestionnaire(NamedTuple):
    name: str
    side: str
    questions: tuple[SeedQuestion, ...]


# Names and questions are data, not sentences of the interface: a college writes its own.
SEEDS: Final = (
    SeedQuestionnaire("结对帮扶反馈（帮扶对象填写）", "mentee", (
        SeedQuestion("political", "对方帮助我提高了思想认识，明确了努力方向", "My mentor helped me to think further and to know what to work for"),
        SeedQuestion("political", "对方以自己的言行为我作出表率", "My mentor sets an example by word and deed"),
        SeedQuestion("working", "对方帮助我提高了组织、沟通和办事能力", "My mentor helped me to organise, to communicate and to get things done"),
        SeedQuestion("working", "对方及时回应我的问题，帮助具体有效", "My mentor answers in time, and the help is of use"),
        SeedQuestion("learning", "对方帮助我改进了学习方法", "My mentor helped me to study better"),
        SeedQuestion("learning", "对方带动我学习理论和专业知识", "My mentor draws me into reading theory and my subject"),
        SeedQuestion("discipline", "对方按约定与我见面交流", "My mentor keeps our appointments"),
        SeedQuestion("discipline", "对方帮助我养成了自律的习惯", "My mentor helped me to become more disciplined"),
        SeedQuestion("free", "想对对方说的话（可不填）", "What I want to say to my mentor (may stay empty)"),
    )),
    SeedQuestionnaire("结对帮扶反馈（帮扶人填写）", "mentor", (
        SeedQuestion("political", "对方的思想认识有进步", "The other side thinks further than before"),
        SeedQuestion("political", "对方主动关心集体、参加组织活动", "The other side cares for the community and takes part in its activities"),
        SeedQuestion("working", "对方的组织、沟通和办事能力有提高", "The other side organises, communicates and gets things done better"),
        SeedQuestion("working", "对方主动承担任务并按时完成", "The other side takes on tasks and finishes them in time"),
        SeedQuestion("learning", "对方的学习状态有改善", "The other side studies better than before"),
        SeedQuestion("learning", "对方愿意主动学习、提出问题", "The other side wants to learn and asks questions"),
        SeedQuestion("discipline", "对方按约定与我见面交流", "The other side keeps our appointments"),
        SeedQuestion("discipline", "对方能够严格要求自己", "The other side is strict with themselves"),
        SeedQuestion("free", "想对对方说的话（可不填）", "What I want to say to the other side (may stay empty)"),
    )),
    SeedQuestionnaire("指导团支部反馈（团支部填写）", "league", (
        SeedQuestion("political", "指导人重视团支部的思想政治工作", "The guide cares for the political work of our League branch"),
        SeedQuestion("political", "指导人以自己的言行为同学作出表率", "The guide sets an example by word and deed"),
        SeedQuestion("working", "指导人帮助班团干部提高了工作能力", "The guide helped our officers to work better"),
        SeedQuestion("working", "指导人及时回应我们的问题，指导具体有效", "The guide answers in time, and the guidance is of use"),
        SeedQuestion("learning", "指导人促进了班级的学风", "The guide furthered the climate of study in our class"),
        SeedQuestion("learning", "指导人组织的学习和宣讲有收获", "We learn something from the guide's lectures and study"),
        SeedQuestion("discipline", "指导人按计划到团支部开展工作", "The guide comes to our League branch as planned"),
        SeedQuestion("discipline", "指导人帮助班级形成了守纪律的风气", "The guide helped our class to keep discipline"),
        SeedQuestion("free", "想对指导人说的话（可不填）", "What we want to say to the guide (may stay empty)"),
    )),
)  # fmt: skip


def fill_questionnaires(**_signal: Any) -> None:
    """Write the three into an empty table: after migrating, and after everything was flushed. What exists is left alone."""
    from .models import Question, Questionnaire

    if Questionnaire.objects.exists():
        return
    for seed in SEEDS:
        sheet = Questionnaire.objects.create(name=seed.name, side=seed.side)
        Question.objects.bulk_create(
            Question(questionnaire=sheet, number=number, **question._asdict())
            for number, question in enumerate(seed.questions, start=1)
        )


def asked_of(side: str) -> list[Asked]:
    """The questions in use for a side, in order; none when no questionnaire is in use."""
    from .models import Question

    rows = Question.objects.filter(questionnaire__side=side, questionnaire__is_current=True).order_by("number")
    return [Asked(row.pk, row.number, row.dimension, row.text, row.text_en) for row in rows]


@transaction.atomic
def copy_questionnaire(*, questionnaire: Any) -> Any:
    """A copy to write anew, not in use yet. What was asked of somebody stays with their answer as it was asked."""
    from .models import Question, Questionnaire

    names = set(Questionnaire.objects.values_list("name", flat=True))
    words = questionnaire.name[:70]
    name = next(
        name for number in range(1, 1000) if (name := _("%(name)s (%(number)d)") % {"name": words, "number": number + 1}) not in names
    )  # fmt: skip
    copy = Questionnaire.objects.create(name=name, side=questionnaire.side, is_current=False)
    Question.objects.bulk_create(
        Question(questionnaire=copy, number=row.number, dimension=row.dimension, text=row.text, text_en=row.text_en)
        for row in questionnaire.questions.all()
    )
    return copy


@transaction.atomic
def put_into_use(*, questionnaire: Any, now: Any) -> Any:
    """From now on this one is asked of its side. Raises `Refused` for one that leaves a dimension out, and while a class is being
    asked without names: two questionnaires in one group would tell early answers from late ones."""
    from .feedback_rules import DIMENSIONS
    from .models import ClassFeedbackRoll, Questionnaire, Side

    sheets = {sheet.pk: sheet for sheet in Questionnaire.objects.select_for_update().filter(side=questionnaire.side)}
    sheet = sheets[questionnaire.pk]
    if sheet.is_current:
        return sheet
    asked = set(sheet.questions.values_list("dimension", flat=True))
    if missing := [name for name in DIMENSIONS if name not in asked]:
        raise Refused(_("Each of the four dimensions needs a question; %(count)d have none.") % {"count": len(missing)})
    is_asked = ClassFeedbackRoll.objects.filter(exchange__closes_at__gt=now, exchange__called_off_at=None)
    if sheet.side == Side.LEAGUE and is_asked.exists():
        raise Refused(_("A class is being asked with the present questionnaire. Change it when that round has closed."))
    for other in sheets.values():
        if other.is_current:
            other.is_current = False
            other.save(update_fields=["is_current"])
    sheet.is_current = True
    sheet.save(update_fields=["is_current"])
    return sheet
