"""Our own HMAC is everybody's."""

from hmac import digest

from frontend.mac import Mac
from hypothesis import given
from hypothesis import strategies as st


@given(st.binary(max_size=200), st.text())
def test_it_is_the_standard_librarys(key: bytes, message: str) -> None:
    mac = Mac(key)
    # Twice: nothing of a message stays.
    for text in (message, message + "x"):
        assert mac.hex(text) == digest(key, text.encode(), "sha256").hex()
