"""Loads the demonstration: one transaction, in one of three stages."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from activities.models import Textbook
from branches.models import AcademicYear, CalendarDay, Term
from members.models import Person, Post
from pairing_portal.common.problems import Refused

from .chain_deeds import run_chains
from .chains import set_up_chains
from .deeds import LECTURER, assign_duties, propose, run_lectures, run_pairings, speakers_of
from .evaluating_appraisals import appraisals
from .evaluating_assessments import assess_mentors
from .evaluating_conversions import conversions
from .evaluating_feedback import feedback
from .evaluating_steps import take_steps
from .events import set_up_events
from .going import run_comings_and_goings
from .lecture_setting import choose_speakers, name_chapters, write_chapters
from .people import Company, create_company, create_staff
from .process import write_records
from .season import DemoSeason, demo_season
from .supervised_weeks import remember_weeks

STAGES: Final = ("forming", "running", "evaluating")
LEAGUE_SECRETARY = "20260510001"


@transaction.atomic
def load_demo(*, stage: str, today: date) -> Company:
    """Create the demonstration. Raises `Refused` when people are in the portal already or it is in production."""
    if settings.IS_PRODUCTION:
        raise Refused(
            _("The demonstration is not loaded into a production portal: its accounts sign in without a password.")
        )
    if Person.objects.exists():
        raise Refused(
            _(
                "There are people in this portal already. The demonstration needs an empty one: run manage.py flush first."
            )
        )
    season = demo_season(today)
    year = _calendar(season, today)
    book = Textbook.objects.create(title="大学生党的基本知识读本", publisher="广西师范大学出版社", is_prescribed=True)
    write_chapters(book)
    company = create_company(start_year=season.start_year, today=today)
    users = create_staff(company) | _accounts(company)
    ends_on = (
        today + timedelta(weeks=3)
        if stage == "evaluating"
        else max(today + timedelta(weeks=8), date(season.start_year + 1, 6, 30))
    )
    ends_on = min(ends_on, year.ends_on)
    write_records(company, users["san_secretary"], today=today)
    choose_speakers(speakers_of(company)[:10], year)
    assign_duties(company, year)
    if stage == "forming":
        propose(company, year, other="第三", secretary=users["er_secretary"], today=today, ends_on=ends_on)
    else:
        run_pairings(company, year, users, today=today, ends_on=ends_on)
        run_lectures(company, year, users["liu_secretary"], today=today)
        name_chapters(book)
        set_up_chains(company, year, users["liu_secretary"], today=today, ends_on=ends_on)
        set_up_events(company, users, today=today)
        run_chains(company, year, users["liu_secretary"], today=today)
        run_comings_and_goings(users, today=today)
    if stage == "evaluating":
        take_steps(company, users, today=today)
        conversions(company, year, today)
        appraisals(company, users, today)
        feedback(company, year, today)
        assess_mentors(company, year, today=today)
    if stage != "forming":
        remember_weeks(today)
    return company


def _calendar(season: DemoSeason, today: date) -> AcademicYear:
    year = AcademicYear.objects.create(start_year=season.start_year, starts_on=season.starts_on, ends_on=season.ends_on)
    for term in season.terms:
        Term.objects.create(
            academic_year=year,
            season=term.season,
            start_monday=term.start_monday,
            teaching_weeks=term.teaching_weeks,
            exam_weeks=term.exam_weeks,
        )
    monday = today - timedelta(days=today.weekday())
    for first, days, name in (
        (date(season.start_year, 10, 1), 7, "国庆节"),
        (date(season.start_year + 1, 1, 1), 3, "元旦"),
        (date(season.start_year + 1, 4, 4), 3, "清明节"),
        (date(season.start_year + 1, 5, 1), 5, "劳动节"),
    ):
        holidays = [first + timedelta(days=number) for number in range(days)]
        # The week of the demonstration is an ordinary one, so that there is something to do.
        if not any(monday <= on <= monday + timedelta(days=6) for on in holidays):
            CalendarDay.objects.bulk_create(CalendarDay(on=on, kind="holiday", name=name) for on in holidays)
    return year


def _accounts(company: Company) -> dict[str, User]:
    """Accounts for everybody who acts in the story, demonstration accounts all of them."""
    made: dict[str, User] = {}
    cast = {
        "er_secretary": company.by_number["20230310001"],
        "er_member": company.by_number["20230310004"],
        "san_secretary": company.by_number["T03001"],
        "si_secretary": company.by_number["T03004"],
        "san_member": company.by_number["20240320001"],
        "liu_secretary": company.by_number["20250530001"],
        "speaker": company.by_number[LECTURER],
        "activist": company.by_number["20250510001"],
        "league_secretary": company.by_number[LEAGUE_SECRETARY],
        "classmate": company.by_number["20260591001"],
        "helper": company.by_number["20250510004"],
        "helped": company.by_number["20250593001"],
    }
    secretaries = Post.objects.filter(league_branch__in=company.league_branches).values_list("person_id", flat=True)
    others = [
        *speakers_of(company),
        *(company.by_number[f"202505930{number:02}"] for number in range(1, 4)),
        *(person for person in company.by_number.values() if person.pk in set(secretaries)),
    ]
    keys = {person.pk: key for key, person in cast.items()}
    now = timezone.now()
    for person in [*cast.values(), *others]:
        if person.user_id is None:
            person.user = User.objects.create_user(
                person.number, display_name=person.name, is_demo=True, password_changed_at=now
            )
            person.save(update_fields=["user"])
        if person.pk in keys:
            made[keys[person.pk]] = person.user
    return made
