"""The room in the administration; each part registers its own pages."""

from __future__ import annotations

from . import admin_appraisal, admin_assessment, admin_conversion, admin_feedback  # noqa: F401  # they register their pages
