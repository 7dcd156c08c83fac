"""The list of records a cross-inspection looks at, and what pairings made before boards existed stand for."""

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Now

MATERIALS = (
    ("支部党员大会记录", "每季度至少一次"),
    ("支部委员会会议记录", "每月一次"),
    ("党小组会记录", "每月一次"),
    ("党课记录", "每季度至少一次"),
    ("主题党日记录", "每月一次"),
    ("组织生活会材料", "每年至少一次"),
    ("民主评议党员记录", "每年一次"),
    ("发展党员材料", "逐人逐步骤齐全"),
    ("党费收缴台账", "按月登记"),
    ("换届材料", "任期届满前后齐全"),
)


def fill(apps, schema_editor):
    material = apps.get_model("pairings", "InspectionMaterial")
    material.objects.bulk_create(
        material(name=name, hint=hint, position=10 * number) for number, (name, hint) in enumerate(MATERIALS, start=1)
    )
    # Until now a pair was known to its two people at once, and the helping branch wrote the drafts.
    apps.get_model("pairings", "MemberPairing").objects.filter(published_at=None).update(published_at=Now())
    apps.get_model("pairings", "BranchPairing").objects.filter(author_branch=None).update(
        author_branch=F("helping_branch")
    )


class Migration(migrations.Migration):
    dependencies = [("pairings", "0002_boards_work_and_covers")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=False)]
