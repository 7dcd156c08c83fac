"""Why a whole file is refused, beyond what the gate and the headings say."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from pairing_portal.common.spreadsheets import CellProblem, FileRefused


class RosterRefused(FileRefused):
    """Raised for a file none of whose rows may be applied."""

    texts = {
        **FileRefused.texts,
        "branch-unknown": _(
            "Sheet “%(sheet)s” says nowhere which Party branch these people belong to: no column, no title. "
            "Name the branch (--branch NAME on the command line, “Party branch” on the import page) and try again."
        ),
        "department-unknown": _(
            "Sheet “%(sheet)s” says nowhere which department these people belong to. "
            "Import the roster of their Party branch or League branches first, add a column 所属系, or put the department into the file's name."
        ),
        "nothing-recognised": _(
            "No sheet of this file is a roster, a class list or a list of League branches. "
            "A roster needs at least the headings 学号 and 姓名 in one row; sheets found: %(sheets)s."
        ),
        "branch-name-too-long": _(
            "The name of the Party branch (%(branch)s…) is longer than %(limit)d characters. Shorten it."
        ),
        "branch-does-not-exist": _(
            "There is no Party branch “%(branch)s” that you may import into. Choose another one."
        ),
    }


class TextTooLong(CellProblem):
    texts = {
        **CellProblem.texts,
        "too-long": _("“%(text)s…” is longer than %(limit)d characters. Shorten it."),
    }
