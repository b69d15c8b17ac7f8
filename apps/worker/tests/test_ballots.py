"""Sorting entries: what is a ballot, what is not, and nothing that could spoil a batch."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from worker.ballots import Entry, Sorter

VOTER = b"0b8f7a52-2f4e-4c33-9d51-64f3c1f0a001"
CAST = b"1790000000000000"
GOOD = [b"voter", VOTER, b"choice", b"a", b"cast", CAST]
# Keys that are field names too: no parsing trick may take a value for a label.
SORTER = Sorter(["a", "b", "test", "voter", "cast"])


def lines(entries: list[Entry]) -> list[list[bytes]]:
    accepted = SORTER.sort(entries).accepted
    return [line.split(b"\t") for line in accepted.split(b"\n")] if accepted else []


@pytest.mark.parametrize(
    "fields",
    [
        GOOD,
        [*GOOD, b"node", b"frontend01"],
        [*GOOD, b"node", b"\xff\x00\t\n"],
        [b"cast", CAST, b"voter", VOTER, b"choice", b"a"],
        [b"node", b"frontend01", *GOOD],
    ],
)
def test_a_ballot_is_accepted_in_any_order_of_its_fields(fields: list[bytes]) -> None:
    assert lines([(b"17-2", fields)]) == [[b"17", b"2", VOTER, b"a", CAST]]


@pytest.mark.parametrize("choice", [b"voter", b"cast"])
def test_a_choice_may_be_called_like_a_field(choice: bytes) -> None:
    fields = [b"voter", VOTER, b"choice", choice, b"cast", CAST]
    assert lines([(b"17-2", fields)]) == [[b"17", b"2", VOTER, choice, CAST]]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        (None, "deleted"),
        ([b"voter", VOTER], "fields"),
        ([*GOOD, b"extra", b"1"], "fields"),
        ([*GOOD, b"voter", VOTER], "fields"),
        ([*GOOD[:2], *GOOD], "fields"),
        ([*GOOD, b"node", b"x", b"node", b"x"], "fields"),
        ([b"voter\t" + VOTER + b"\tchoice", b"a", b"cast", CAST], "fields"),
        ([b"voter", b"nobody", *GOOD[2:]], "UUID"),
        ([b"voter", VOTER + b"\n", *GOOD[2:]], "UUID"),
        ([b"voter", VOTER.replace(b"-", b""), *GOOD[2:]], "UUID"),
        ([b"voter", b"\x00" * 36, *GOOD[2:]], "UUID"),
        ([*GOOD[:2], b"choice", b"c", b"cast", CAST], "choice"),
        ([*GOOD[:2], b"choice", b"", b"cast", CAST], "choice"),
        ([*GOOD[:2], b"choice", b"\xff", b"cast", CAST], "choice"),
        ([*GOOD[:2], b"choice", b"A", b"cast", CAST], "choice"),
        ([*GOOD[:4], b"cast", b"now"], "cast"),
        ([*GOOD[:4], b"cast", b"0"], "cast"),
        ([*GOOD[:4], b"cast", b"-" + CAST], "cast"),
        ([*GOOD[:4], b"cast", CAST + b"0"], "cast"),
        ([*GOOD[:4], b"cast", b"0" + CAST[1:]], "cast"),
        ([*GOOD[:4], b"cast", "١٧٩".encode() + CAST[6:]], "cast"),
    ],
)
def test_anything_else_is_rejected_with_its_reason(fields: list[bytes] | None, reason: str) -> None:
    batch = SORTER.sort([(b"17-2", fields), (b"17-3", GOOD)])
    [rejected] = batch.rejected
    assert reason in rejected.reason
    assert rejected[:2] == (17, 2)
    assert rejected.payload == fields
    assert batch.accepted == b"17\t3\t%b\ta\t%b" % (VOTER, CAST)


def test_an_id_beyond_a_signed_bigint_keeps_its_bits() -> None:
    assert lines([(b"18446744073709551615-9223372036854775808", GOOD)])[0][:2] == [
        b"-1",
        b"-9223372036854775808",
    ]


def test_the_last_sender_is_named() -> None:
    sent = [*GOOD, b"node", b"front\x00end01"]
    assert SORTER.sort([(b"1-1", GOOD), (b"1-2", sent)]).sender == "frontend01"
    assert SORTER.sort([(b"1-1", sent), (b"1-2", GOOD)]).sender == ""


pieces = st.sampled_from(
    [*GOOD, b"node", b"", b"\t", b"\n", b"\\N", b"\\.", b"\x00", b"\xff", b"b"]
)
values = st.one_of(pieces, st.binary(max_size=40), st.lists(pieces, max_size=4).map(b"\t".join))
pairs = st.lists(st.tuples(values, values), min_size=1, max_size=5)
anything = pairs.map(lambda found: [part for pair in found for part in pair])
ids = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


@given(st.lists(st.tuples(ids, st.one_of(st.none(), st.just(GOOD), anything)), max_size=8))
@example([((1, 1), [*GOOD[:4], b"cast", CAST + b"\n1\t2\t" + VOTER + b"\ta\t" + CAST])])
def test_every_entry_becomes_one_clean_line_or_one_rejected(
    found: list[tuple[tuple[int, int], list[bytes] | None]],
) -> None:
    entries = [(b"%d-%d" % entry_id, fields) for entry_id, fields in found]
    accepted = lines(entries)
    assert len(accepted) + len(SORTER.sort(entries).rejected) == len(entries)
    for ms, seq, voter, choice, cast in accepted:
        assert all(-(2**63) <= int(part) < 2**63 for part in (ms, seq))
        assert UUID(voter.decode())
        assert choice in (b"a", b"b", b"test", b"voter", b"cast")
        assert 10**15 <= int(cast) < 10**16
