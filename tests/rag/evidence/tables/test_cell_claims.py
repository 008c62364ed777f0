"""A claim that joins a row, a column and a value, held against the cell where they meet."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from fakes.passages import passage
from indexes.readers.registry import read_file
from rag.evidence.scoring import gather_evidence
from rag.evidence.source_text import SourceText
from rag.evidence.tables.cell_claims import Reading, is_without_subject, table_conflict
from rag.evidence.tables.relations import Table, prose_of, read_tables

FERRIES = """line | vessel | fare | crossing | master
Kvalen | Nordlys | EUR 14.50 | 35 minutes | Signe Aas
Tarva | Havørn | EUR 22.00 | 50 minutes | Per Holm
Stokk Island | Lunde | EUR 9.75 | 20 minutes | Ruth Abel"""
KILNS = """| Clay | Cone | Top heat (°C) | Shrinkage | Colour |
|---|---|---|---|---|
| Raku body | 06 | 1000 | 4 % | buff white |
| Stoneware GR-20 | 8 | 1260 | 12 % | dark grey |
| Porcelain | 10 | 1300 | 15 % | pure white |"""
PRICES = """sku,product,price,stock
T-10,Trowel small,6.40,310
T-11,Trowel large,8.90,125
B-70,Bucket 12 l,4.25,980""".replace(",", " | ")
SALES = """Region | 2021 | 2022 | 2023
North | 1,204 | 1,377 | 1,590
South | 884 | 912 | 1,045
Islands | 233 | 260 | 301"""
BARE = """Ticket office | +44 20 7946 0101
Lost property | +44 20 7946 0155
Left luggage | +44 20 7946 0177"""
GRADES = """Grade | Salary | Leave
1 | EUR 31,000 | 24 days
2 | EUR 34,500 | 26 days"""
FOLDER = Path(__file__).parents[3] / "data" / "tables"
READ = {
    "bakery.csv": ("code | loaf | price_eur | weight_g | oven", 4),
    "wards.csv": ("ward | nurses | beds | visits, daily | head nurse", 3),
    "output.csv": ("Works | 2022 (t) | 2023 (t) | 2024 (t)", 3),
    "hires.csv": ("boat | season | day rate | deposit", 4),
    "kilns.md": ("Clay | Top heat (°C) | Shrinkage | Colour", 3),
    "trails.md": ("Trail | Length (km) | Climb (m) | Warden", 3),
    "plans.md": ("Plan | Basic | Studio | Yard", 3),
    "sailings.html": ("Line | Fare | Trips | Fare | Trips", 3),
    "wash.html": (" | Hull | Deck", 3),
    "offices.html": ("Region | Town | Staff | Opens | Closes", 3),
}
"""Tables by file: the heads and the number of rows that a reader of the file sees."""
INLINE = {"ferries": FERRIES, "kilns": KILNS, "prices": PRICES, "sales": SALES, "bare": BARE}
TABLES = INLINE | {name: read_file(FOLDER / name).text for name in READ}
SHAPES = (
    "{key}: {value}",
    "- **{key}**: {value}",
    "| {key} | {value} |",
    "{value} for {key}",
    "For {key} the {head} is {value}.",
    "The {head} of {key} is {value}.",
    "{key} has {value} as its {head}.",
)


def named_rows(table: Table) -> list[tuple[str, tuple[str, ...]]]:
    """Return each row with the key that names it alone, and its other cells."""
    first = [row[0] for row in table.rows]
    if len(set(first)) == len(first):
        return [(row[0], row) for row in table.rows]
    return [(f"{row[0]} {row[1]}", row) for row in table.rows]


def cells(text: str) -> Iterator[tuple[str, str, str, list[str]]]:
    """Yield the key, head and value of each cell, and the other values of its column."""
    (table,) = read_tables(text)
    for key, row in named_rows(table):
        for column in range(1 if key == row[0] else 2, len(row)):
            others = {other[column] for other in table.rows if other[column] != row[column]}
            head = f"{table.head(column)} {table.head(column, 1)}".strip() or "number"
            yield key, head, row[column], sorted(others)


@pytest.mark.parametrize("name", READ)
def test_a_table_is_read_with_the_heads_and_rows_that_a_reader_sees(name: str) -> None:
    (table,) = read_tables(TABLES[name])
    assert (" | ".join(table.heads), len(table.rows)) == READ[name]


def finding(claim: str, text: str) -> str:
    return gather_evidence(claim, SourceText.of(passage(text))).finding


CELLS = [(text, *cell) for text in TABLES.values() for cell in cells(text)]
RIGHT = [
    (shape.format(key=key, head=head, value=value), text) for text, key, head, value, _ in CELLS for shape in SHAPES
]
SWAPPED = [
    (shape.format(key=key, head=head, value=other), text)
    for text, key, head, _, others in CELLS
    for other in others
    for shape in SHAPES
]


def test_no_right_cell_is_ever_flagged() -> None:
    assert len(RIGHT) >= 100
    assert [(claim, found) for claim, text in RIGHT if (found := finding(claim, text))] == []


def test_of_values_from_another_row_nearly_all_are_found() -> None:
    assert len(SWAPPED) >= 100
    missed = [claim for claim, text in SWAPPED if not finding(claim, text)]
    assert len(missed) / len(SWAPPED) <= 0.02, missed


def test_two_rows_that_change_places_in_one_sentence_are_found_and_in_their_places_are_not() -> None:
    shapes = (
        "{a}: {x}, {b}: {y}",
        "{x} for {a} and {y} for {b}",
        "{a} and {b} have {x} and {y}, respectively.",
        "{a} and {b} come to {x} and {y}.",
        "| {a} | {x} |\n| {b} | {y} |",
    )
    right, wrong = [], []
    for text in TABLES.values():
        (table,) = read_tables(text)
        for (a, one), (b, other) in itertools.permutations(named_rows(table), 2):
            for column in range(1 if a == one[0] else 2, len(one)):
                x, y = one[column], other[column]
                if x == y:
                    continue
                right += [(shape.format(a=a, b=b, x=x, y=y), text) for shape in shapes]
                wrong += [(shape.format(a=a, b=b, x=y, y=x), text) for shape in shapes]
    assert [claim for claim, text in right if finding(claim, text)] == []
    missed = [claim for claim, text in wrong if not finding(claim, text)]
    assert len(missed) / len(wrong) <= 0.02, missed


@pytest.mark.parametrize(
    ("claim", "text", "said"),
    [
        ("The fare of Kvalen is 35 minutes.", FERRIES, "35: in the column crossing, not fare"),
        ("The cone of Porcelain is 1300.", KILNS, "1300: in the column Top heat (°C), not Cone"),
        ("The stock of T-11 is 8.90.", PRICES, "8.90: in the column price, not stock"),
        ("In 2022 sales in the South were 1,045.", SALES, "1,045: in the column 2023, not 2022"),
        ("South had 1,045 in 2022 and 912 in 2023.", SALES, "1,045: in the column 2023, not 2022"),
        ("The master on Tarva is Signe Aas.", FERRIES, "Signe Aas: in the row of Kvalen, not of Tarva"),
        ("The T-10 is the large trowel at 8.90.", PRICES, "8.90: in the row of T-11, not of T-10"),
        ("Grade 2 has a salary of EUR 31,000.", GRADES, "31,000: in the row of 1, not of 2"),
        ("island stokk: EUR 22", FERRIES, "22: in the row of Tarva, not of Stokk Island"),
    ],
)
def test_a_finding_names_the_value_and_its_row_or_column(claim: str, text: str, said: str) -> None:
    assert table_conflict(Reading(claim), read_tables(text)) == said


@pytest.mark.parametrize(
    ("claim", "text"),
    [
        ("Tarva at EUR 22.00 costs more than Kvalen at EUR 14.50.", FERRIES),
        ("Unlike Kvalen with its 35 minutes, Tarva takes 50.", FERRIES),
        ("The fare to Tarva is EUR 22.00 and the crossing takes 50 minutes.", FERRIES),
        ("The Nordlys sails to Kvalen in 35 minutes under Signe Aas.", FERRIES),
        ("The Havorn goes to Tarva.", FERRIES),
        ("Trowel large (T-11) costs 8.90 and there are 125 in stock.", PRICES),
        ("The large trowel is 8.90.", PRICES),
        ("All three lines together earn EUR 46.25.", FERRIES),
        ("The North grew from 1,204 in 2021 to 1,590 in 2023.", SALES),
        ("In 2023 North, South and Islands sold 1,590, 1,045 and 301.", SALES),
        ("Porcelain is fired hottest, at 1300 °C, and shrinks by 15 %.", KILNS),
        ("The 12 l bucket costs 4.25.", PRICES),
        ("The ticket office answers +44 20 7946 0101.", BARE),
        ("To reach the ticket office from left luggage, call +44 20 7946 0101.", BARE),
        ("After 2 years the salary is EUR 31,000.", GRADES),
        ("Kvalen and Tarva cost EUR 14.50 and EUR 22.00; it takes 35 and 50 minutes respectively.", FERRIES),
        ("Grade 2 has a salary of EUR 34,500.", GRADES),
    ],
)
def test_what_the_table_bears_out_or_leaves_open_is_not_flagged(claim: str, text: str) -> None:
    assert not table_conflict(Reading(claim), read_tables(text))


def test_prose_beside_a_table_may_bear_out_what_its_rows_do_not() -> None:
    text = f"{FERRIES}\n\nSince May the fare to Kvalen has been EUR 22.00 on Sundays."
    assert not table_conflict(Reading("Kvalen: EUR 22.00"), read_tables(text), prose_of(text))


def test_a_table_may_have_its_header_in_the_context_above() -> None:
    rows = "\n".join(FERRIES.splitlines()[1:])
    (table,) = read_tables(rows, "Ferries\nline | vessel | fare | crossing | master")
    assert (table.head(2), len(table.rows)) == ("fare", 3)


def test_the_first_column_may_be_the_head_of_the_rows() -> None:
    plans = read_tables("Plan | Basic | Studio\nPrice | $5 | $9\nSeats | 2 | 12")
    assert table_conflict(Reading("Basic costs $9."), plans) == "9: in the column Studio, not Basic"
    assert not table_conflict(Reading("Basic costs $5 and Studio $9."), plans)


LEAVE = read_tables("Birth parent | 26 weeks\nOther parent | 8 weeks\nGrandparent | 2 weeks")


@pytest.mark.parametrize(
    ("claim", "question", "is_wrong"),
    [
        ("26 weeks", "How long may the other parent stay at home?", True),
        ("8 weeks", "How long may the other parent stay at home?", False),
        ("It is 8 weeks", "What is a birth parent entitled to?", True),
        ("26 weeks", "What is a birth parent entitled to?", False),
        ("A grandparent gets 2 weeks", "What is a birth parent entitled to?", False),
        ("Other relatives have 2 weeks", "What is a birth parent entitled to?", False),
        ("Grandparent", "Who has 8 weeks?", True),
        ("Other parent", "Who has 8 weeks?", False),
        ("Twenty-six weeks", "How long may the other parent stay at home?", True),
        ("Eight weeks", "How long may the other parent stay at home?", False),
        ("The latter may stay for 26 weeks", "What do birth parent and other parent get?", True),
        ("The former may stay for 26 weeks", "What do birth parent and other parent get?", False),
    ],
)
def test_a_fragment_is_read_with_its_question(claim: str, question: str, *, is_wrong: bool) -> None:
    assert bool(table_conflict(Reading(claim, (question,)), LEAVE)) == is_wrong


def test_a_value_whose_row_the_question_names_in_other_words_is_doubtful() -> None:
    question = ("How long can fathers stay off?",)
    assert is_without_subject(Reading("26 weeks", question), LEAVE)
    assert not is_without_subject(Reading("The birth parent gets 26 weeks", question), LEAVE)
    assert not is_without_subject(Reading("26 weeks", ("How long can the birth parent stay off?",)), LEAVE)


ROTA = read_tables("Day | Pool | Sauna | Café\nMonday | Ladies | Gents | Scones\nTuesday | Schools | Ladies | Soup")


@pytest.mark.parametrize(
    ("claim", "is_wrong"), [("Sauna: gents", False), ("Café: soup", True), ("Sauna: ladies", True)]
)
def test_a_cell_beside_the_row_that_the_question_names_is_a_value(claim: str, *, is_wrong: bool) -> None:
    assert table_conflict(Reading(claim, ("What is on at the pool, sauna and café on Monday?",)), ROTA) is not None
    assert bool(table_conflict(Reading(claim, ("What is on on Monday?",)), ROTA)) == is_wrong


def test_a_word_right_after_a_head_names_no_other_column() -> None:
    halls = read_tables(
        "Day | Main hall | Annex\nMonday | Choir practice | Chess club\nTuesday | Folk dance | Slow yoga"
    )
    said = "Folk dance: in the column Main hall, not Annex"
    assert table_conflict(Reading("Day: Tuesday, annex hall: folk dance"), halls) == said
    assert table_conflict(Reading("Day: Tuesday, annex hall: slow yoga"), halls) == ""


SHIFTS = "Shift | Guard | Hours\nThu | Ola Berg | 8\nFri | Ines Roth | 6\nSat | Per Lund | 5"


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ("On Thursday the guard is Ola Berg.", ""),
        ("On Saturdays the guard is Ines Roth.", "Ines Roth: in the row of Fri, not of Sat"),
    ],
)
def test_a_weekday_is_the_same_in_full_and_in_short(claim: str, said: str) -> None:
    assert (table_conflict(Reading(claim), read_tables(SHIFTS)) or "").startswith(said)
    assert "in no source" not in gather_evidence(claim, SourceText.of(passage(SHIFTS))).finding


def test_a_head_that_names_two_columns_and_the_unit_of_a_figure_are_read() -> None:
    packs = read_tables("Article | Packs | Screws per pack | Price EUR\nBrass | 7 | 50 | 4.10\nSteel | 9 | 80 | 3.20")
    assert not table_conflict(Reading("A pack of brass has 50."), packs)
    assert (
        table_conflict(Reading("The packs of brass are EUR 4.10."), packs) == "4.10: in the column Price EUR, not Packs"
    )
