"""What pairings made before boards existed stand for."""

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Now

def fill(apps, schema_editor):
    # Until now a pair was known to its two people at once, and the helping branch wrote the drafts.
    apps.get_model("pairings", "MemberPairing").objects.filter(published_at=None).update(published_at=Now())
    apps.get_model("pairings", "BranchPairing").objects.filter(author_branch=None).update(
        author_branch=F("helping_branch")
    )


class Migration(migrations.Migration):
    dependencies = [("pairings", "0002_boards_work_and_covers")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=False)]
