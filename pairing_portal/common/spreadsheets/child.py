"""The process that parses a workbook: only calamine and the standard library, little memory, little time.

Run as a script: `python -I -S child.py DIRECTORY_OF_CALAMINE MEMORY_BYTES CPU_SECONDS MAX_ROWS MAX_COLUMNS
MAX_CHARACTERS`, the file on standard input. Standard output is a series of messages, each one line
`KIND LENGTH` and then that many bytes of UTF-8:

* `sheet`: "1" or "0" (visible or not) and the name;
* `rows`: the row numbers and then the columns of some rows of that sheet, joined by COLUMN_END, each
  column's cells joined by CELL_END. A cell is text as it is, or a mark and a date, a float or another value
  in Python's notation;
* `refused`: code, sheet and limit joined by CELL_END, and nothing after it;
* `end`: everything has been written.

Columns as joined texts are several times faster than JSON or pickle and can carry nothing but values. The marks
are control characters that no spreadsheet shows; they are removed from the cells themselves.
"""

from __future__ import annotations

import datetime
import gc
import os
import resource
import sys
from itertools import islice

TYPE_CHECKING = False
if TYPE_CHECKING:  # typing takes longer to import than the rest of this file
    from collections.abc import Iterator, Sequence
    from typing import Any

CELL_END = "\x7f"
COLUMN_END = "\x80"
DATE_MARK = "\x81"
FLOAT_MARK = "\x82"
OTHER_MARK = "\x83"
ROWS_A_MESSAGE = 4_000

_REMOVE_MARKS = {ord(mark): None for mark in (CELL_END, COLUMN_END, DATE_MARK, FLOAT_MARK, OTHER_MARK)}


class Limited(Exception):
    """A sheet is larger than may be read; `code` is that of a FileRefused."""

    def __init__(self, code: str, limit: int) -> None:
        self.code = code
        self.limit = limit


def limit_resources(memory_bytes: int, cpu_seconds: int) -> None:
    """From here on: this much address space and processor time, no core dump, no file written."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))


def encode_cell(cell: Any) -> str:
    """A cell that is not text. Times and durations become text, they are no value of a roster."""
    kind = cell.__class__
    if kind is float:
        return FLOAT_MARK + repr(cell)
    if kind is datetime.date or kind is datetime.datetime:
        return DATE_MARK + cell.isoformat()
    if kind is int or kind is bool:
        return OTHER_MARK + repr(cell)
    return str(cell)


def encode_column(cells: Sequence[Any], max_characters: int) -> str:
    """The cells of one column of a message."""
    others = len(cells) - list(map(type, cells)).count(str)
    texts: Sequence[str] = cells
    if others:
        texts = [cell if cell.__class__ is str else encode_cell(cell) for cell in cells]
    if max(map(len, texts)) > max_characters:
        raise Limited("text-too-long", max_characters)
    joined = CELL_END.join(texts)
    marks = sum(map(joined.count, (DATE_MARK, FLOAT_MARK, OTHER_MARK)))
    if joined.count(CELL_END) >= len(cells) or COLUMN_END in joined or marks > others:
        return encode_column([without_marks(cell) for cell in cells], max_characters)
    return joined


def without_marks(cell: Any) -> Any:
    return cell.translate(_REMOVE_MARKS) if cell.__class__ is str else cell


def encode_sheet(sheet: Any, max_rows: int, max_columns: int, max_characters: int) -> Iterator[str]:
    """The messages of a calamine sheet's rows, the blank ones left out."""
    if sheet.end is None:
        return
    last_row, last_column = sheet.end
    if last_row >= max_rows:
        raise Limited("too-many-rows", max_rows)
    if last_column >= max_columns:
        raise Limited("too-many-columns", max_columns)
    # iter_rows starts at the first row, but at the leftmost column that holds something.
    indent = sheet.start[1]
    rows = sheet.iter_rows()
    first = 1
    while block := list(islice(rows, ROWS_A_MESSAGE)):
        numbers: Sequence[int] = range(first, first + len(block))
        first += len(block)
        blank = [""] * len(block[0])
        if blank in block:
            numbers = [number for number, row in zip(numbers, block, strict=True) if row != blank]
            block = [row for row in block if row != blank]
        if block:
            columns = [CELL_END.join(map(str, numbers))]
            columns += [CELL_END * (len(block) - 1)] * indent
            columns += [encode_column(column, max_characters) for column in zip(*block, strict=True)]
            yield COLUMN_END.join(columns)


def send(kind: str, text: str) -> None:
    content = text.encode()
    sys.stdout.buffer.write(f"{kind} {len(content)}\n".encode())
    sys.stdout.buffer.write(content)


def send_sheets(workbook: Any, worksheet: Any, is_visible: Any, limits: list[int]) -> None:
    """Send every worksheet of a calamine workbook."""
    for position, described in enumerate(workbook.sheets_metadata):
        if described.typ is not worksheet:
            continue
        send("sheet", ("1" if described.visible is is_visible else "0") + described.name)
        try:
            for rows in encode_sheet(workbook.get_sheet_by_index(position), *limits):
                send("rows", rows)
        except Limited as refusal:
            send("refused", CELL_END.join((refusal.code, described.name, str(refusal.limit))))
            return
    send("end", "")


def main(arguments: list[str]) -> None:
    """See the head of this file."""
    calamine_directory, *numbers = arguments
    memory_bytes, cpu_seconds, *limits = map(int, numbers)
    limit_resources(memory_bytes, cpu_seconds)
    # Nothing here makes cycles; looking for them costs a tenth of the time.
    gc.disable()
    sys.path.append(calamine_directory)
    import io

    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(sys.stdin.buffer.read()))
        send_sheets(workbook, calamine.SheetTypeEnum.WorkSheet, calamine.SheetVisibleEnum.Visible, limits)
    except calamine.PasswordError:
        send("refused", CELL_END.join(("encrypted", "", "0")))
    except calamine.CalamineError:
        send("refused", CELL_END.join(("damaged", "", "0")))
    sys.stdout.flush()
    # Tidying up hundreds of thousands of cells one by one is for processes that go on.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
