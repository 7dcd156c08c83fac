"""Writes the shipped Word template of the evidence pack: evaluations/paper/conversion_review.docx. Run it after a change here.

Needs no settings. What stands between braces is filled by evaluations/paper/word.py; docs/operator.md lists the names.
"""

from __future__ import annotations

from pathlib import Path

from docx import Document
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

TARGET = Path(__file__).resolve().parents[1] / "evaluations/paper/conversion_review.docx"
# Named, not shipped: Word falls back to what the computer has.
SONG, HEI = "宋体", "黑体"


def main() -> None:
    document = Document()
    for section in document.sections:
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(2.5)
        section.top_margin = section.bottom_margin = Cm(2.2)
    for name, font, size in (("Normal", SONG, 10.5), ("Heading 1", HEI, 16), ("Heading 2", HEI, 12)):
        style = document.styles[name]
        style.font.name, style.font.size, style.font.color.rgb = font, Pt(size), None
        style.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), font)
    say = document.add_paragraph
    say("{{ college }}").alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.add_heading("{{ title }}", 1).alignment = WD_ALIGN_PARAGRAPH.CENTER
    say("{{ branch }}    {{ name }}    {{ number }}    {{ stage }}")
    say("统计时间：{{ since }} 至 {{ on }}    打印日期：{{ printed_on }}")
    table(document, ["日期", "内容"], "date in dates", ["date.label", "date.value"])
    say("{%p if gaps %}")
    document.add_heading("缺项", 2)
    loop(document, "gap in gaps", "· {{ gap }}")
    say("{%p endif %}")
    say("{%p if checklist %}")
    document.add_heading("转正核对表", 2)
    table(
        document,
        ["项目", "状态", "说明", "规则"],
        "line in checklist",
        ["line.title", "line.state", "line.words", "line.rule"],
    )
    say("{%p endif %}")
    say("{%p if duties %}")
    document.add_heading("帮扶履职情况表", 2)
    table(
        document, ["帮扶层级", "对象数", "记录次数", "总时长", "宣讲次数（计入）"], "duty in duties",
        ["duty.tier", "duty.people", "duty.records", "duty.time", "duty.lectures"],
    )  # fmt: skip
    say("{%p endif %}")
    say("{%p for section in sections %}")
    document.add_heading("{{ section.title }}", 2)
    loop(document, "line in section.lines", "{{ line }}")
    loop(document, "gap in section.gaps", "缺项：{{ gap }}")
    say("{%p if section.empty %}")
    say("{{ section.empty }}")
    say("{%p endif %}")
    say("{%p endfor %}")
    say("{%p if opinions %}")
    document.add_heading("意见", 2)
    table(document, ["意见人", "日期", "意见"], "said in opinions", ["said.who", "said.on", "said.text"])
    say("{%p endif %}")
    say("{%p if meeting %}")
    document.add_heading("支部大会", 2)
    say("{{ meeting }}")
    say("决议：{{ decision }}    {{ reason }}")
    say("{%p endif %}")
    say("")
    say("支部书记（签名）：                        年    月    日")
    say("党委审批意见（盖章）：                    年    月    日")
    document.save(str(TARGET))


def loop(document: Document, each: str, words: str) -> None:
    for text in (f"{{%p for {each} %}}", words, "{%p endfor %}"):
        document.add_paragraph(text)


def table(document: Document, headings: list[str], each: str, cells: list[str]) -> None:
    """A heading row, then a row of the template that is repeated."""
    made = document.add_table(rows=4, cols=len(headings), style="Table Grid")
    for number, heading in enumerate(headings):
        made.cell(0, number).text = heading
        made.cell(2, number).text = "{{ " + cells[number] + " }}"
        for run in made.cell(0, number).paragraphs[0].runs:
            run.font.bold = True
    made.cell(1, 0).text, made.cell(3, 0).text = f"{{%tr for {each} %}}", "{%tr endfor %}"


if __name__ == "__main__":
    main()
