import struct

from ansible_collections.landslide.voting.plugins.module_utils.preflight.reach import (
    IP_HEADER,
    checksum,
    echo_request,
    reach_problems,
    reply_size,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(0, 0xFFFF), st.integers(28, 9001))
def test_a_request_has_its_size_and_a_checksum_that_holds(identifier: int, size: int) -> None:
    packet = echo_request(identifier, size)
    assert len(packet) + IP_HEADER == size
    assert checksum(packet) == 0


@given(st.binary(min_size=1, max_size=64))
def test_the_checksum_of_data_and_its_checksum_is_zero(data: bytes) -> None:
    even = data + b"\0" * (len(data) % 2)
    assert checksum(even + struct.pack(">H", checksum(data))) == 0


def reply(identifier: int, size: int) -> bytes:
    header = bytes([0x45]) + bytes(IP_HEADER - 1)
    return header + b"\0" + echo_request(identifier, size)[1:]


def test_only_answers_to_own_requests_count() -> None:
    assert reply_size(reply(7, 1500), 7) == 1500
    assert reply_size(reply(8, 1500), 7) == 0
    assert reply_size(bytes([0x45]) + bytes(IP_HEADER - 1) + echo_request(7, 100), 7) == 0
    assert reply_size(bytes([0x45]) + bytes(IP_HEADER - 1), 7) == 0


def test_silence_and_a_small_mtu_are_told_apart() -> None:
    names = {"store": "192.0.2.1", "worker": "192.0.2.2", "manager": "192.0.2.3"}
    answers = {"192.0.2.1": 1500, "192.0.2.2": 1400, "192.0.2.3": 0}
    assert reach_problems(names, answers, 1500) == [
        "worker (192.0.2.2) answers packets of 1400 bytes, but none of 1500 bytes that must not be "
        "fragmented: something on the way has a smaller MTU. Raise it, or set "
        "swarm_network_mtu to 1400",
        "manager (192.0.2.3) does not answer ICMP echo requests",
    ]
