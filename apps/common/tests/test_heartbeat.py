from pathlib import Path

from common.heartbeat import Heartbeat


def test_alive_is_who_has_beaten_lately(tmp_path: Path) -> None:
    heartbeat = Heartbeat(tmp_path / "alive")
    assert not heartbeat.is_alive(60)
    heartbeat.beat()
    assert heartbeat.is_alive(60)
    assert not heartbeat.is_alive(0)
