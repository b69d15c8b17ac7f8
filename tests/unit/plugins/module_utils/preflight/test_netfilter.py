import errno
import struct

from ansible_collections.landslide.voting.plugins.module_utils.preflight.netfilter import (
    HEADER,
    NLMSG_ERROR,
    answer_error,
    netfilter_problems,
    question,
)


def test_a_question_tells_its_own_length_and_is_aligned() -> None:
    message = question("addrtype", 1, 0)
    assert HEADER.unpack_from(message)[0] == len(message)
    assert len(message) % 4 == 0
    assert b"addrtype\0" in message


def test_an_error_answer_is_read() -> None:
    refusal = HEADER.pack(36, NLMSG_ERROR, 0, 1, 0) + struct.pack("=i", -errno.ENOENT)
    assert answer_error(refusal) == "No such file or directory"
    assert answer_error(HEADER.pack(36, 0x0B00, 0, 1, 0)) == ""


def test_missing_extensions_make_one_sentence() -> None:
    assert netfilter_problems(lambda name, revision, kind: "") == []
    assert netfilter_problems(lambda name, revision, kind: "gone" if kind else "") == [
        "the kernel lacks what Docker's firewall rules need: MASQUERADE (gone), DNAT (gone)"
    ]
