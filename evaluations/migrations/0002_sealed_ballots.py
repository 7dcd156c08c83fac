"""Ballots and sheets without names are sealed; those of rounds under way are taken along, mixed."""

from django.db import migrations

import pairing_portal.common.secret_ballots
from evaluations import ballot_marks
from pairing_portal.common.secret_ballots import mixed, rewrite_shuffled


def _groups(model, field):
    return model._base_manager.order_by().values_list(field, flat=True).distinct()


def _as_mark(mark):
    return {"grade": mark.get("grade", ""), "items": mark["items"]}


def seal(apps, schema_editor):
    ballot = apps.get_model("evaluations", "AppraisalBallot")
    for round_id in list(_groups(ballot, "round_id")):
        rows = ballot._base_manager.filter(round_id=round_id).values_list("open_marks", flat=True)
        sheets = [ballot_marks.written({int(key): _as_mark(mark) for key, mark in marks.items()}) for marks in rows]
        kept = [{"marks": sheet} for sheet in ballot_marks.mixed_sheets(sheets)]
        rewrite_shuffled(ballot, group={"round_id": round_id}, rows=kept)
    sheet = apps.get_model("evaluations", "ClassFeedback")
    for exchange_id in list(_groups(sheet, "exchange_id")):
        rows = sheet._base_manager.filter(exchange_id=exchange_id).values_list("open_answers", flat=True)
        cells = mixed([{(answer["number"], answer["text"]): answer for answer in answers} for answers in rows])
        kept = [{"answers": [row[key] for key in sorted(row)]} for row in cells]
        rewrite_shuffled(sheet, group={"exchange_id": exchange_id}, rows=kept)
    # PostgreSQL changes no table while it still has rows of it to check at the end.
    schema_editor.connection.check_constraints()


class Migration(migrations.Migration):
    dependencies = [("evaluations", "0001_initial")]

    operations = [
        migrations.RenameField("appraisalballot", "marks", "open_marks"),
        migrations.RenameField("classfeedback", "answers", "open_answers"),
        migrations.AddField(
            "appraisalballot", "marks", pairing_portal.common.secret_ballots.SealedField(default=dict)
        ),
        migrations.AddField(
            "classfeedback", "answers", pairing_portal.common.secret_ballots.SealedField(default=list)
        ),
        migrations.RunPython(seal, migrations.RunPython.noop, elidable=True),
        migrations.RemoveField("appraisalballot", "open_marks"),
        migrations.RemoveField("classfeedback", "open_answers"),
    ]
