"""Every number of the rules, with its default and source; a college overrides one with a `PolicyValue` row.

Values apply from their date on: ask for the value *on* the day the question is about, and history keeps its answer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

Text = str | Promise


@dataclass(frozen=True)
class PolicyRule:
    """One number: `default` is in `unit`; `low` and `high` bound what a college may set."""

    key: str
    rule: str
    label: Text
    default: int
    unit: Text
    source: Text
    low: int = 0
    high: int = 1000


DAYS, WEEKS, MONTHS, YEARS, HOURS = (
    gettext_lazy("days"), gettext_lazy("weeks"), gettext_lazy("months"), gettext_lazy("years"), gettext_lazy("hours"),
)  # fmt: skip
MINUTES, PEOPLE, TIMES, PERCENT, POINTS, YES_NO = (
    gettext_lazy("minutes"), gettext_lazy("people"), gettext_lazy("times"), gettext_lazy("percent"), gettext_lazy("points"),
    gettext_lazy("1 yes, 0 no"),
)  # fmt: skip
HOUR_OF_DAY = gettext_lazy("o'clock")
RECRUITMENT = gettext_lazy("Rules for the recruitment of Party members (2014)")
BRANCH_WORK = gettext_lazy("Regulations on the work of Party branches (2018)")
EDUCATION = gettext_lazy("Regulations on the education and management of Party members (2019)")
CONSTITUTION = gettext_lazy("Party Constitution (2022)")
LEAGUE_WORK = gettext_lazy("Regulations on the work of League branches (2019)")
LOCAL = gettext_lazy("Local rule of colleges")
SCHEME = gettext_lazy("The college's tiered mentoring scheme")

_RULES = [
    PolicyRule("applicant_min_age", "R01", gettext_lazy("Age on the day of application"), 18, YEARS, CONSTITUTION, 16, 30),
    PolicyRule("talk_within_months", "R02", gettext_lazy("Talk after an application within"), 1, MONTHS, RECRUITMENT, 1, 6),
    PolicyRule("application_to_activist_months", "R03", gettext_lazy("Waiting time from application to activist"), 0, MONTHS, LOCAL, 0, 24),
    PolicyRule("contacts_min", "R04", gettext_lazy("Cultivation contacts per activist, at least"), 1, PEOPLE, RECRUITMENT, 1, 4),
    PolicyRule("contacts_max", "R04", gettext_lazy("Cultivation contacts per activist, at most"), 2, PEOPLE, RECRUITMENT, 1, 4),
    PolicyRule("contact_mentees_warn", "R04", gettext_lazy("Activists of one cultivation contact, more only with a word"), 5, PEOPLE, LOCAL, 1, 20),
    PolicyRule("activist_review_months", "R05", gettext_lazy("Review of an activist every"), 6, MONTHS, RECRUITMENT, 1, 12),
    PolicyRule("contact_entry_months", "R06", gettext_lazy("Contact's record every"), 3, MONTHS, LOCAL, 1, 12),
    PolicyRule("activist_to_candidate_months", "R07", gettext_lazy("From activist to candidate, at least"), 12, MONTHS, RECRUITMENT, 12, 60),
    PolicyRule("candidate_to_admission_months", "", gettext_lazy("For planning: from candidate to the branch meeting"), 3, MONTHS, LOCAL, 0, 12),
    PolicyRule("sponsors", "R08", gettext_lazy("Sponsors of a candidate"), 2, PEOPLE, RECRUITMENT, 2, 2),
    PolicyRule("training_days", "R09", gettext_lazy("Training before admission, days"), 3, DAYS, RECRUITMENT, 1, 30),
    PolicyRule("training_hours_before_admission", "R09", gettext_lazy("Training before admission, hours"), 24, HOURS, RECRUITMENT, 1, 200),
    PolicyRule("political_review_valid_months", "R10", gettext_lazy("Political review valid for"), 12, MONTHS, LOCAL, 1, 36),
    PolicyRule("pre_review_to_meeting_months", "R11", gettext_lazy("From pre-review to the branch meeting within"), 1, MONTHS, LOCAL, 1, 12),
    PolicyRule("public_notice_days", "R12", gettext_lazy("Public notice, working days"), 5, DAYS, LOCAL, 3, 15),
    PolicyRule("leaving_within_months", "R13", gettext_lazy("Not admitted when leaving within"), 3, MONTHS, RECRUITMENT, 0, 12),
    PolicyRule("approval_within_months", "R15", gettext_lazy("Approval after the meeting within"), 3, MONTHS, CONSTITUTION, 1, 6),
    PolicyRule("approval_hard_limit_months", "R15", gettext_lazy("Approval at the very latest"), 6, MONTHS, CONSTITUTION, 3, 12),
    PolicyRule("probation_months", "R16", gettext_lazy("Probation"), 12, MONTHS, CONSTITUTION, 12, 12),
    PolicyRule("extension_min_months", "R18", gettext_lazy("Extension of probation, at least"), 6, MONTHS, CONSTITUTION, 6, 12),
    PolicyRule("extension_max_months", "R18", gettext_lazy("Extension of probation, at most"), 12, MONTHS, CONSTITUTION, 6, 12),
    PolicyRule("probation_review_months", "R20", gettext_lazy("Review of a probationary member every"), 6, MONTHS, LOCAL, 1, 12),
    PolicyRule("transfer_letter_days", "", gettext_lazy("A transfer letter is valid for"), 90, DAYS, EDUCATION, 30, 180),
    PolicyRule("affiliation_stays_years", "", gettext_lazy("Affiliation of a graduate stays at the college at most"), 2, YEARS, EDUCATION, 0, 3),
    PolicyRule("mobile_from_months", "", gettext_lazy("Away for so long makes a mobile member"), 6, MONTHS, EDUCATION, 3, 12),
    PolicyRule("mobile_contact_months", "", gettext_lazy("Contact with a mobile member every"), 3, MONTHS, LOCAL, 1, 6),
    PolicyRule("appraisal_probationary_ballot", "", gettext_lazy("Probationary members hand in a ballot in the appraisal"), 1, YES_NO, LOCAL, 0, 1),
    PolicyRule("appraisal_min_voters", "", gettext_lazy("A ballot in the portal needs voters, at least"), 5, PEOPLE, LOCAL, 3, 30),
    PolicyRule("branch_min_full_members", "R30", gettext_lazy("Full members of a branch, at least"), 3, PEOPLE, BRANCH_WORK, 3, 3),
    PolicyRule("branch_max_members", "R31", gettext_lazy("Members of a branch, at most"), 50, PEOPLE, BRANCH_WORK, 30, 100),
    PolicyRule("student_branch_max_members", "R31", gettext_lazy("Members of a student branch, at most"), 30, PEOPLE, LOCAL, 10, 50),
    PolicyRule("committee_required_from", "R32", gettext_lazy("Full members from which a committee is required"), 7, PEOPLE, BRANCH_WORK, 7, 7),
    PolicyRule("committee_min", "R32", gettext_lazy("Committee, at least"), 3, PEOPLE, BRANCH_WORK, 3, 5),
    PolicyRule("committee_max", "R32", gettext_lazy("Committee, at most"), 7, PEOPLE, BRANCH_WORK, 5, 11),
    PolicyRule("committee_term_years", "R34", gettext_lazy("Term of the branch committee"), 3, YEARS, BRANCH_WORK, 1, 5),
    PolicyRule("committee_term_notice_months", "R34", gettext_lazy("Reminder before the committee's term ends"), 6, MONTHS, LOCAL, 1, 12),
    PolicyRule("group_min_members", "R35", gettext_lazy("Party group, at least"), 3, PEOPLE, BRANCH_WORK, 3, 10),
    PolicyRule("group_expected_above", "R35", gettext_lazy("Party groups are expected in branches of more than"), 20, PEOPLE, BRANCH_WORK, 5, 50),
    PolicyRule("general_meeting_months", "R40", gettext_lazy("General membership meeting every"), 3, MONTHS, BRANCH_WORK, 1, 3),
    PolicyRule("committee_meeting_months", "R40", gettext_lazy("Committee meeting every"), 1, MONTHS, BRANCH_WORK, 1, 3),
    PolicyRule("group_meeting_months", "R40", gettext_lazy("Party group meeting every"), 1, MONTHS, BRANCH_WORK, 1, 3),
    PolicyRule("theme_day_months", "R40", gettext_lazy("Themed Party Day every"), 1, MONTHS, BRANCH_WORK, 1, 3),
    PolicyRule("party_lecture_months", "R40", gettext_lazy("Party lecture every"), 3, MONTHS, LOCAL, 1, 6),
    PolicyRule("owed_reminder_days", "R40", gettext_lazy("Reminder before something of organisational life is due"), 7, DAYS, LOCAL, 1, 30),
    PolicyRule("minutes_within_days", "R40", gettext_lazy("Minutes written within"), 3, DAYS, LOCAL, 1, 14),
    PolicyRule("confirm_by_secretary_days", "R70", gettext_lazy("The secretary confirms what the other side left for"), 7, DAYS, LOCAL, 1, 60),
    PolicyRule("org_life_meetings_a_year", "R41", gettext_lazy("Organisational life meetings a year"), 1, TIMES, BRANCH_WORK, 1, 4),
    PolicyRule("training_hours_a_year", "R42", gettext_lazy("Training hours a year"), 32, HOURS, EDUCATION, 16, 200),
    PolicyRule("training_hours_a_year_officers", "R42", gettext_lazy("Training hours a year, branch committee"), 56, HOURS, EDUCATION, 16, 200),
    PolicyRule("excellent_share_divisor", "R50", gettext_lazy("Rated excellent: at most one in"), 3, PEOPLE, BRANCH_WORK, 2, 10),
    PolicyRule("league_branch_min_members", "R60", gettext_lazy("League branch, at least"), 3, PEOPLE, LEAGUE_WORK, 3, 10),
    PolicyRule("league_branch_max_members", "R60", gettext_lazy("League branch, at most"), 50, PEOPLE, LEAGUE_WORK, 30, 100),
    PolicyRule("league_committee_term_years", "R61", gettext_lazy("Term of a student League committee"), 1, YEARS, LEAGUE_WORK, 1, 3),
    PolicyRule("lectures_a_week", "R70", gettext_lazy("Valid lectures per League branch and quota week"), 2, TIMES, SCHEME, 1, 7),
    PolicyRule("lecture_min_minutes", "R71", gettext_lazy("A lecture lasts at least"), 30, MINUTES, SCHEME, 10, 180),
    PolicyRule("lecture_textbook_required", "R72", gettext_lazy("Only the prescribed textbook counts"), 1, YES_NO, SCHEME, 0, 1),
    PolicyRule("lecture_season_month", "R73", gettext_lazy("Lectures are owed from the first of month"), 10, gettext_lazy("month of the year"), SCHEME, 9, 12),
    PolicyRule("lecture_season_day", "R73", gettext_lazy("Lectures are owed from the first Monday on or after day"), 1, gettext_lazy("day of the month"), SCHEME, 1, 28),
    PolicyRule("lecture_season_whole_year", "R73", gettext_lazy("Lectures are owed in exam weeks too"), 0, YES_NO, LOCAL, 0, 1),
    PolicyRule("lecture_short_weeks", "R73", gettext_lazy("In a short week lectures are owed by its share of days"), 0, YES_NO, LOCAL, 0, 1),
    PolicyRule("quota_min_teaching_days", "R73", gettext_lazy("Teaching days that make a quota week"), 4, DAYS, SCHEME, 1, 5),
    PolicyRule("lecture_late_after_days", "R70", gettext_lazy("A lecture entered later than this is flagged"), 7, DAYS, SCHEME, 1, 60),
    PolicyRule("junior_study_years", "R75", gettext_lazy("Study years whose League branches owe lectures"), 1, YEARS, SCHEME, 1, 2),
    PolicyRule("speakers_per_league_branch", "R74", gettext_lazy("Speakers responsible for a League branch"), 2, PEOPLE, SCHEME, 1, 6),
    PolicyRule("league_branches_per_speaker", "R74", gettext_lazy("League branches of one speaker, at most"), 2, TIMES, LOCAL, 1, 6),
    PolicyRule("spot_check_percent", "R70", gettext_lazy("Lectures of a week drawn for a spot check"), 5, PERCENT, LOCAL, 0, 50),
    PolicyRule("digest_hour", "", gettext_lazy("Hour of the daily summary of notices"), 8, HOUR_OF_DAY, LOCAL, 5, 20),
    PolicyRule("quiet_from_hour", "", gettext_lazy("Nothing is sent out from"), 22, HOUR_OF_DAY, LOCAL, 18, 24),
    PolicyRule("quiet_until_hour", "", gettext_lazy("Nothing is sent out until"), 7, HOUR_OF_DAY, LOCAL, 0, 10),
    PolicyRule("feedback_open_days", "", gettext_lazy("A round of feedback is open for"), 14, DAYS, LOCAL, 3, 60),
    PolicyRule("feedback_reminder_days", "", gettext_lazy("Reminder of feedback before the round closes"), 5, DAYS, LOCAL, 1, 30),
    PolicyRule("feedback_anonymous_from", "", gettext_lazy("Anonymous feedback only in groups from"), 5, PEOPLE, LOCAL, 5, 50),
    PolicyRule("assess_talks", "", gettext_lazy("Mentor assessment: regularity of talks"), 30, PERCENT, LOCAL, 0, 100),
    PolicyRule("assess_feedback", "", gettext_lazy("Mentor assessment: feedback"), 30, PERCENT, LOCAL, 0, 100),
    PolicyRule("assess_progress", "", gettext_lazy("Mentor assessment: the mentee's progress"), 15, PERCENT, LOCAL, 0, 100),
    PolicyRule("assess_lectures", "", gettext_lazy("Mentor assessment: lecture duty"), 15, PERCENT, LOCAL, 0, 100),
    PolicyRule("assess_activities", "", gettext_lazy("Mentor assessment: activities"), 10, PERCENT, LOCAL, 0, 100),
    PolicyRule("objection_answer_days", "", gettext_lazy("An objection is answered within"), 14, DAYS, LOCAL, 3, 60),
    PolicyRule("conversion_opens_days", "R17", gettext_lazy("A conversion review opens before the year is over"), 30, DAYS, LOCAL, 7, 90),
    PolicyRule("conversion_deferral_months", "R19", gettext_lazy("Discussion of a member transferred in is deferred at most"), 6, MONTHS, RECRUITMENT, 0, 6),
    PolicyRule("classmates_per_mentor", "R84", gettext_lazy("Classmates of one mentor at a time, at most"), 1, PEOPLE, SCHEME, 1, 5),
    PolicyRule("talk_every_days", "R84", gettext_lazy("A link is on track with a confirmed talk in the last"), 30, DAYS, LOCAL, 7, 90),
    PolicyRule("talk_silent_days", "R84", gettext_lazy("A link is silent without a confirmed talk for"), 60, DAYS, LOCAL, 14, 180),
    PolicyRule("talk_first_within_days", "R84", gettext_lazy("Too early to judge a link in its first"), 14, DAYS, LOCAL, 0, 60),
    PolicyRule("senior_mentees_max", "R80", gettext_lazy("New members per senior member, at most"), 2, PEOPLE, SCHEME, 1, 4),
    PolicyRule("guides_min", "R82", gettext_lazy("Guides of a junior League branch, at least"), 2, PEOPLE, SCHEME, 1, 3),
    PolicyRule("guides_max", "R82", gettext_lazy("Guides of a junior League branch, at most"), 3, PEOPLE, SCHEME, 2, 6),
    PolicyRule("pair_partners_max", "R90", gettext_lazy("Partners of one member where the sides are uneven, at most"), 2, PEOPLE, SCHEME, 1, 3),
    PolicyRule("match_same_major", "R90", gettext_lazy("Matching: same major"), 30, POINTS, LOCAL, 0, 100),
    PolicyRule("match_grade_step", "R90", gettext_lazy("Matching: neighbouring grades"), 10, POINTS, LOCAL, 0, 100),
    PolicyRule("match_area", "R90", gettext_lazy("Matching: each support area offered and asked for"), 15, POINTS, LOCAL, 0, 100),
    PolicyRule("match_month", "R90", gettext_lazy("Matching: each month on campus together"), 2, POINTS, LOCAL, 0, 20),
    PolicyRule("match_past_pair", "R90", gettext_lazy("Matching: taken off for a couple paired before"), 25, POINTS, LOCAL, 0, 100),
    PolicyRule("mentor_same_class", "R84", gettext_lazy("Mentoring: same class"), 20, POINTS, LOCAL, 0, 100),
    PolicyRule("mentor_same_major", "R84", gettext_lazy("Mentoring: same major"), 15, POINTS, LOCAL, 0, 100),
    PolicyRule("mentor_months", "R84", gettext_lazy("Mentoring: each month on campus together"), 2, POINTS, LOCAL, 0, 20),
    PolicyRule("mentor_light_load", "R84", gettext_lazy("Mentoring: a mentor who helps nobody yet"), 10, POINTS, LOCAL, 0, 100),
    PolicyRule("mentor_higher_year", "R83", gettext_lazy("Mentoring: each year of study the mentor is ahead"), 5, POINTS, LOCAL, 0, 20),
    PolicyRule("mentor_upgrade", "R82", gettext_lazy("Mentoring: diploma-to-bachelor student as guide"), 20, POINTS, LOCAL, 0, 100),
    PolicyRule("log_late_after_days", "R70", gettext_lazy("A log entered later than this needs a reason"), 7, DAYS, LOCAL, 1, 60),
    PolicyRule("log_max_minutes_a_day", "R70", gettext_lazy("Logged minutes a person and day, at most"), 720, MINUTES, LOCAL, 60, 1440),
    PolicyRule("confirm_reminder_days", "R70", gettext_lazy("Reminder when a log waits for confirmation for"), 3, DAYS, LOCAL, 1, 30),
]  # fmt: skip
RULES: dict[str, PolicyRule] = {rule.key: rule for rule in _RULES}


def check_policy_value(key: str, value: str) -> int:
    """The number `value` stands for; `ValidationError` naming the bounds when the rule does not allow it."""
    rule = RULES.get(key)
    if rule is None:
        raise ValidationError(_("There is no rule of this name."))
    text = value.strip()
    if not (text.isascii() and text.isdigit()) or not rule.low <= int(text) <= rule.high:
        raise ValidationError(
            _("%(label)s: a whole number from %(low)d to %(high)d (%(unit)s).")
            % {"label": rule.label, "low": rule.low, "high": rule.high, "unit": rule.unit}
        )
    return int(text)


class Policy:
    """All overrides, read once; then `policy.number(key, on)` asks no database."""

    @cached_property
    def _overrides(self) -> dict[str, list[tuple[date, int]]]:
        from .models import PolicyValue

        found: dict[str, list[tuple[date, int]]] = defaultdict(list)
        rows: Any = PolicyValue.objects.order_by("effective_from").values_list("key", "effective_from", "value")
        for key, effective_from, value in rows:
            found[key].append((effective_from, int(value)))
        return found

    def number(self, key: str, on: date) -> int:
        """The value of rule `key` in force on a day."""
        value = RULES[key].default
        for effective_from, override in self._overrides.get(key, []):
            if effective_from <= on:
                value = override
        return value


def policy_number(key: str, on: date) -> int:
    """One number, on one day. Ask `Policy()` when you need several."""
    return Policy().number(key, on)
