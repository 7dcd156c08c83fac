"""The records a cross-inspection looks at until the college writes its own list. Pure but for `fill_materials`."""

from __future__ import annotations

from typing import Any, Final

# Name of the record and what is expected of it (RULES.md 1.7; data, not sentences of the interface).
MATERIALS: Final = (
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


def fill_materials(**_signal: Any) -> None:
    """Write the list into an empty table: after migrating, and after everything was flushed. A list that exists is left alone."""
    from .models import InspectionMaterial

    if not InspectionMaterial.objects.exists():
        InspectionMaterial.objects.bulk_create(
            InspectionMaterial(name=name, hint=hint, position=10 * number)
            for number, (name, hint) in enumerate(MATERIALS, start=1)
        )
