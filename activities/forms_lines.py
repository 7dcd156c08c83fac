"""Forms of what the six lines have of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from members.models import Person
from pairing_portal.common.scope import Scope

from .contest_services import MEMBERS_AT_MOST, WEIGHT_AT_MOST, Column, plain
from .event_models import Activity, OwnFields
from .line_models import (
    ActivityTalk,
    Classic,
    ContestRound,
    ContestScore,
    ContestTeam,
    Horizon,
    ServiceDetail,
    ServiceKind,
    TalkTopic,
    TieRule,
)
from .line_services import TALK_MINUTES, Talk
from .person_choice import SUGGESTED_ID, person_meant, suggested


class SetupForm(forms.Form):
    tie_rule = forms.ChoiceField(label=gettext_lazy("ties"), choices=TieRule.choices)
    is_live = forms.BooleanField(
        label=gettext_lazy("results are shown live"), required=False,
        help_text=gettext_lazy("Everybody who sees the activity can then open the result page."),
    )  # fmt: skip


class RoundForm(forms.Form):
    title = forms.CharField(label=gettext_lazy("round"), max_length=50)
    max_score = forms.DecimalField(
        label=gettext_lazy("highest score"), max_digits=5, decimal_places=1, min_value=Decimal("0.1"), initial=100
    )
    weight = forms.IntegerField(
        label=gettext_lazy("weight"), min_value=1, max_value=WEIGHT_AT_MOST, initial=1,
        help_text=gettext_lazy("A round of weight 2 counts twice as much as one of weight 1."),
    )  # fmt: skip


class TeamForm(forms.Form):
    """A team by hand: its name, and a person a line. People of the activity, of the team, or whom the user sees."""

    name = forms.CharField(label=gettext_lazy("name"), max_length=50)
    numbers = forms.CharField(
        label=gettext_lazy("people, a number a line"), required=False, max_length=8000,
        widget=forms.Textarea(attrs={"rows": 6}), help_text=gettext_lazy("What stands behind the number is not read."),
    )  # fmt: skip

    def __init__(
        self, *args: Any, scope: Scope, activity: Activity, team: ContestTeam | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.scope, self.activity, self.team = scope, activity, team
        if team is not None:
            lines = [f"{person.number} {person.name}" for person in team.members.order_by("name_key", "pk")]
            self.initial = {"name": team.name, "numbers": "\n".join(lines)}

    def clean_numbers(self) -> list[Person]:
        lines = self.cleaned_data["numbers"].split("\n")
        numbers = list(dict.fromkeys(line.split()[0] for line in lines if line.split()))
        if len(numbers) > MEMBERS_AT_MOST:
            raise forms.ValidationError(_("A team has at most %(limit)d people.") % {"limit": MEMBERS_AT_MOST})
        seen = Person.objects.visible_to(self.scope)
        near = {row.person.number: row.person for row in self.activity.participations.filter(person__number__in=numbers).select_related("person")}  # fmt: skip
        own = {person.number: person for person in self.team.members.all()} if self.team else {}
        found = {person.number: person for person in seen.filter(number__in=numbers)} | near | own
        unknown = [number for number in numbers if number not in found]
        if unknown:
            words = _("Nobody you may see has the number %(number)s.")
            raise forms.ValidationError(words % {"number": unknown[0][:30]})
        return [found[number] for number in numbers]


class TalkForm(forms.Form):
    """Who speaks about what: somebody by number, or a guest by name."""

    title = forms.CharField(label=pgettext_lazy("talk", "title"), max_length=100)
    number = forms.CharField(
        label=gettext_lazy("speaker, by name or number"), max_length=50, required=False,
        widget=forms.TextInput(attrs={"list": SUGGESTED_ID, "autocomplete": "off"}),
    )  # fmt: skip
    guest = forms.CharField(
        label=gettext_lazy("or a guest, by name"), max_length=50, required=False,
        help_text=gettext_lazy("A speaker of the roster or a guest, one of the two."),
    )  # fmt: skip
    topic = forms.ChoiceField(label=gettext_lazy("topic"), required=False, choices=[("", "—"), *TalkTopic.choices])
    minutes = forms.IntegerField(label=gettext_lazy("minutes"), required=False, min_value=1, max_value=TALK_MINUTES)
    material = forms.CharField(label=gettext_lazy("material"), max_length=200, required=False)

    def __init__(
        self, *args: Any, scope: Scope, activity: Activity, talk: ActivityTalk | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.scope, self.activity, self.talk = scope, activity, talk
        self.suggested = suggested(activity, scope)
        if activity.kind.own_fields == OwnFields.MICRO_LECTURE:
            del self.fields["topic"]
        if talk is not None:
            same = ("title", "guest", "topic", "minutes", "material")
            self.initial = {name: getattr(talk, name) for name in same}
            self.initial["number"] = talk.speaker.number if talk.speaker else ""

    def clean_number(self) -> Person | None:
        number = self.cleaned_data["number"].strip()
        if not number:
            return None
        if self.talk and self.talk.speaker and self.talk.speaker.number == number:
            return self.talk.speaker
        return person_meant(number, self.activity, self.scope)

    def talk_given(self) -> Talk:
        data = self.cleaned_data
        return Talk(
            title=data["title"], speaker=data["number"], guest=data["guest"], topic=data.get("topic", ""),
            minutes=data["minutes"], material=data["material"],
        )  # fmt: skip


class ViewpointForm(forms.Form):
    horizon = forms.ChoiceField(label=gettext_lazy("about"), choices=Horizon.choices, widget=forms.RadioSelect)
    source = forms.CharField(label=gettext_lazy("newspaper or article"), max_length=150)
    words = forms.CharField(
        label=gettext_lazy("viewpoint"), max_length=1000, widget=forms.Textarea(attrs={"rows": 4, "maxlength": 1000})
    )


class ViewingForm(forms.Form):
    """“I have seen it”: which one, when, a thought; at which activity, if at one."""

    classic = forms.ModelChoiceField(queryset=None)
    on = forms.DateField(label=gettext_lazy("date"), widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}))
    thought = forms.CharField(label=gettext_lazy("thought"), max_length=500, required=False)
    activity = forms.ModelChoiceField(queryset=None, required=False)

    def __init__(self, *args: Any, scope: Scope, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["classic"].queryset = Classic.objects.visible_to(scope)
        self.fields["activity"].queryset = Activity.objects.visible_to(scope).filter(
            kind__own_fields=OwnFields.CLASSICS
        )


class ServiceForm(forms.Form):
    kind = forms.ChoiceField(label=gettext_lazy("kind of service"), choices=ServiceKind.choices)
    served = forms.CharField(label=gettext_lazy("for whom"), max_length=100, required=False)
    service_minutes = forms.IntegerField(
        label=gettext_lazy("minutes of service, travel left out"), required=False, min_value=1,
        help_text=gettext_lazy("Finishing the activity proposes these as what everybody is credited with."),
    )  # fmt: skip
    done = forms.CharField(
        label=gettext_lazy("what was done"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    @staticmethod
    def initial_of(detail: ServiceDetail | None) -> dict[str, Any]:
        names = ("kind", "served", "service_minutes", "done")
        return {name: getattr(detail, name) for name in names} if detail else {}


@dataclass
class Cell:
    """One field of the table: what stands there, what stood there when the page was made, what is wrong."""

    name: str
    value: str
    before: str
    error: str = ""
    by: str = ""
    # "" for the column of the next judge.
    judge: str = ""


@dataclass
class TableRow:
    team: ContestTeam
    cells: list[Cell] = field(default_factory=list)


class ScoreTable:
    """Judges' scores of one round: a team a row, a judge a column, and one column for the next judge.

    Only what was changed on the page is written, so two people may enter at the same time. An emptied field stays as it was.
    """

    def __init__(
        self,
        contest_round: ContestRound,
        teams: Sequence[ContestTeam],
        scores: Sequence[ContestScore],
        data: Mapping[str, str] | None = None,
    ) -> None:
        self.round, self.data = contest_round, data
        self.judges = sorted({score.judge for score in scores})
        self.errors: list[str] = []
        self._changed: list[dict[int, Decimal]] = [{} for _judge in range(len(self.judges) + 1)]
        self.new_judge = (data or {}).get("new_judge", "").strip()[:50]
        known = {(score.judge, score.team_id): score for score in scores}
        self.rows = [
            TableRow(team, [self._cell(team, number, known) for number in range(len(self.judges) + 1)])
            for team in teams
        ]
        if data is not None:
            self._check_others({str(team.pk) for team in teams})

    def _judge_key(self, number: int) -> str:
        return str(number) if number < len(self.judges) else "new"

    def _cell(self, team: ContestTeam, number: int, known: Mapping[tuple[str, int], ContestScore]) -> Cell:
        judge = self.judges[number] if number < len(self.judges) else None
        score = known.get((judge, team.pk)) if judge else None
        shown = plain(score.score) if score else ""
        name = f"score-{self._judge_key(number)}-{team.pk}"
        cell = Cell(name, shown, shown, by=str(score.recorded_by) if score else "", judge=judge or "")
        if self.data is None:
            return cell
        cell.value = self.data.get(name, "").strip()[:20]
        cell.before = self.data.get(f"before-{name}", "")[:20]
        # The page carries the names of its columns: another column may have come in between.
        if judge is not None and self.data.get(f"judge-{number}") != judge:
            cell.value, cell.before = shown, shown
            self._say(_("Somebody entered another judge meanwhile. Look at the table and enter again."))
        elif cell.value and cell.value != cell.before:
            self._read(cell, number, team)
        return cell

    def _read(self, cell: Cell, number: int, team: ContestTeam) -> None:
        try:
            value = Decimal(cell.value.replace(",", ".").replace("，", "."))
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not 0 <= value <= self.round.max_score:
            cell.error = _("From 0 to %(max)s") % {"max": plain(self.round.max_score)}
            words = _("“%(value)s” for “%(team)s” is no score of this round: 0 to %(max)s.")
            self._say(words % {"value": cell.value, "team": team.name, "max": plain(self.round.max_score)})
            return
        self._changed[number][team.pk] = value

    def _check_others(self, teams: set[str]) -> None:
        """Fields of teams that are not in the contest: forged, or removed meanwhile."""
        asked = [name.split("-") for name in self.data or {} if name.startswith("score-")]
        if any(len(parts) != 3 or parts[2] not in teams for parts in asked):
            self._say(_("There is no such team in this contest. Reload the page."))
        if self._changed[-1] and not self.new_judge:
            self._say(_("Say which judge gave these scores."))

    def _say(self, words: str) -> None:
        if words not in self.errors:
            self.errors.append(words)

    def columns(self) -> list[Column]:
        """What is new, a judge each."""
        names = [*self.judges, self.new_judge]
        return [Column(judge, scores) for judge, scores in zip(names, self._changed, strict=True) if scores]
