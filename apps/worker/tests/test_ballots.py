"""Sorting entries: what is a ballot, what is not, and nothing that could spoil a batch."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from worker.ballots import Entry, Sorter

VOTER = b"0b8f7a52-2f4e-4c33-9d51-64f3c1f0a001"
CAST = b"1790000000000000"
BOOT = b"5f0d0c1e-9f0e-4a55-8f64-1d0a5c3e7b11"
MAC = b"00112233445566778899aabbccddeeff"
GOOD = [
    b"poll", b"pets", b"voter", VOTER, b"choice", b"a", b"cast", CAST, b"flag", b"0",
    b"node", b"frontend01", b"boot", BOOT, b"seq", b"7", b"mac", MAC,
]  # fmt: skip
LINE = [VOTER, b"a", CAST, b"0", b"frontend01", BOOT, b"7", MAC]
# As version 1.0.0 wrote them.
OLD = [b"voter", VOTER, b"choice", b"a", b"cast", CAST]
NULLS = [rb"\N"] * 5
# Keys that are field names too: no parsing trick may take a value for a label.
SORTER = Sorter(["a", "b", "test", "voter", "cast"], "pets")


def changed(name: bytes, value: bytes, fields: list[bytes] = GOOD) -> list[bytes]:
    place = fields[::2].index(name) * 2 + 1
    return [*fields[:place], value, *fields[place + 1 :]]


def without(name: bytes) -> list[bytes]:
    place = GOOD[::2].index(name) * 2
    return GOOD[:place] + GOOD[place + 2 :]


def lines(entries: list[Entry]) -> list[list[bytes]]:
    return [line.split(b"\t") for line in SORTER.sort(entries).accepted]


@pytest.mark.parametrize("fields", [GOOD, [*GOOD[8:], *GOOD[:8]]])
def test_a_ballot_is_accepted_in_any_order_of_its_fields(fields: list[bytes]) -> None:
    assert lines([(b"17-2", fields)]) == [[b"17", b"2", *LINE]]


@pytest.mark.parametrize(
    "fields",
    [
        OLD,
        [*OLD, b"node", b"frontend01"],
        [*OLD, b"node", b"\xff\x00\t\n"],
        [b"cast", CAST, b"voter", VOTER, b"choice", b"a"],
        [b"node", b"frontend01", *OLD],
    ],
)
def test_so_is_one_of_version_1_0_0(fields: list[bytes]) -> None:
    assert lines([(b"17-2", fields)]) == [[b"17", b"2", VOTER, b"a", CAST, *NULLS]]


@pytest.mark.parametrize("choice", [b"voter", b"cast"])
def test_a_choice_may_be_called_like_a_field(choice: bytes) -> None:
    for fields in (GOOD, OLD):
        [line] = lines([(b"17-2", changed(b"choice", choice, fields))])
        assert line[:5] == [b"17", b"2", VOTER, choice, CAST]


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        (b"poll", b"tea", "poll"),
        (b"poll", b"", "poll"),
        (b"voter", b"nobody", "UUID"),
        (b"voter", VOTER + b"\n", "UUID"),
        (b"voter", VOTER.upper(), "UUID"),
        (b"voter", VOTER.replace(b"-", b""), "UUID"),
        (b"voter", b"\x00" * 36, "UUID"),
        (b"choice", b"c", "choice"),
        (b"choice", b"", "choice"),
        (b"choice", b"\xff", "choice"),
        (b"choice", b"A", "choice"),
        (b"cast", b"now", "cast"),
        (b"cast", b"0", "cast"),
        (b"cast", b"-" + CAST, "cast"),
        (b"cast", CAST + b"0", "cast"),
        (b"cast", b"0" + CAST[1:], "cast"),
        (b"cast", "١٧٩".encode() + CAST[6:], "cast"),
        (b"flag", b"", "flag"),
        (b"flag", b"00", "flag"),
        (b"flag", b"32768", "flag"),
        (b"node", b"", "node"),
        (b"node", b"front end", "node"),
        (b"node", b"front\\N", "node"),
        (b"node", b"front\tend", "node"),
        (b"node", b"x" * 256, "node"),
        (b"boot", BOOT.upper(), "boot"),
        (b"seq", b"0", "seq"),
        (b"seq", b"07", "seq"),
        (b"seq", b"1" * 19, "seq"),
        (b"mac", MAC.upper(), "MAC"),
        (b"mac", MAC[1:], "MAC"),
    ],
)
def test_a_vote_of_ours_that_is_none_is_rejected_with_its_reason(
    name: bytes, value: bytes, reason: str
) -> None:
    fields = changed(name, value)
    batch = SORTER.sort([(b"17-2", fields), (b"17-3", GOOD)])
    [rejected] = batch.rejected
    assert reason in rejected.reason
    assert rejected[:2] == (17, 2)
    assert rejected.payload == fields
    assert rejected.own
    assert batch.accepted == [b"\t".join([b"17", b"3", *LINE])]


@pytest.mark.parametrize(
    ("fields", "own"),
    [
        (None, True),
        ([b"voter", VOTER], False),
        ([b"voter\t" + VOTER + b"\tchoice", b"a", b"cast", CAST], False),
        ([*OLD, b"extra", b"1"], True),
        ([*OLD, b"voter", VOTER], True),
        ([*OLD[:2], *OLD], True),
        ([*OLD, b"node", b"x", b"node", b"x"], True),
        ([*OLD[:4], b"cast", b"now"], True),
        ([*GOOD, b"extra", b"1"], True),
        ([*GOOD, b"poll", b"pets"], True),
        (without(b"mac"), True),
        (without(b"poll"), True),
        (without(b"cast"), False),
    ],
)
def test_a_rejected_entry_that_may_be_a_vote_is_told_from_others(
    fields: list[bytes] | None, own: bool
) -> None:
    [rejected] = SORTER.sort([(b"17-2", fields)]).rejected
    assert (rejected.payload, rejected.own) == (fields, own)


def test_votes_wait_for_a_store_that_does_not_know_its_poll() -> None:
    sorter = Sorter(["a"], None)
    assert sorter.accepts is None
    assert sorter.sort([(b"17-2", OLD)]).accepted[0].startswith(b"17\t2\t")
    with pytest.raises(ValueError, match="poll"):
        sorter.sort([(b"17-3", GOOD)])


def test_frontends_are_told_what_is_accepted() -> None:
    assert Sorter(["b", "test", "a"], "pets").accepts == "2 pets a,b,test"


def test_an_id_beyond_a_signed_bigint_keeps_its_bits() -> None:
    assert lines([(b"18446744073709551615-9223372036854775808", GOOD)])[0][:2] == [
        b"-1",
        b"-9223372036854775808",
    ]


def test_the_last_sender_is_named() -> None:
    sent = [*OLD, b"node", b"front\x00end02"]
    assert SORTER.sort([(b"1-1", GOOD), (b"1-2", sent)]).sender == "frontend02"
    assert SORTER.sort([(b"1-1", sent), (b"1-2", GOOD)]).sender == "frontend01"
    assert SORTER.sort([(b"1-1", GOOD), (b"1-2", OLD)]).sender == ""


pieces = st.sampled_from([*GOOD, b"", b"\t", b"\n", b"\\N", b"\\.", b"\x00", b"\xff", b"b"])
values = st.one_of(pieces, st.binary(max_size=40), st.lists(pieces, max_size=4).map(b"\t".join))
pairs = st.lists(st.tuples(values, values), min_size=1, max_size=5)
anything = pairs.map(lambda found: [part for pair in found for part in pair])
almost = st.builds(changed, st.sampled_from(GOOD[::2]), values)
ids = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


@given(st.lists(st.tuples(ids, st.one_of(st.none(), st.just(GOOD), almost, anything)), max_size=8))
@example([((1, 1), [*OLD[:4], b"cast", CAST + b"\n1\t2\t" + VOTER + b"\ta\t" + CAST])])
@example([((1, 1), changed(b"mac", MAC + b"\n1\t2\t" + b"\t".join(LINE)))])
def test_every_entry_becomes_one_clean_line_or_one_rejected(
    found: list[tuple[tuple[int, int], list[bytes] | None]],
) -> None:
    entries = [(b"%d-%d" % entry_id, fields) for entry_id, fields in found]
    accepted = lines(entries)
    assert len(accepted) + len(SORTER.sort(entries).rejected) == len(entries)
    for ms, seq, voter, choice, cast, *rest in accepted:
        assert all(-(2**63) <= int(part) < 2**63 for part in (ms, seq))
        assert UUID(voter.decode())
        assert choice in (b"a", b"b", b"test", b"voter", b"cast")
        assert 10**15 <= int(cast) < 10**16
        assert len(rest) == 5
        assert rest == NULLS or (UUID(rest[2].decode()) and UUID(rest[4].decode()))
