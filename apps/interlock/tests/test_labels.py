import pytest
from interlock.labels import LabelError, Labels, parse, unknown


def test_a_service_without_host_is_none_of_ours() -> None:
    assert parse({"other": "x", "interlock.port": "80"}) is None


def test_hostname_and_domain_make_the_host() -> None:
    labels = parse({"interlock.hostname": "VotingApp", "interlock.domain": "local"})
    assert labels == Labels(("votingapp.local",), None, None, "roundrobin", False)


def test_all_labels() -> None:
    labels = parse(
        {
            "interlock.hostname": "results",
            "interlock.domain": "votingapp.local",
            "interlock.alias_domain.0": "r.example.org",
            "interlock.alias_domain.1": "results.votingapp.local",
            "interlock.port": "8000",
            "interlock.health_check": "/healthz?deep=1",
            "interlock.balance_algorithm": "leastconn",
            "interlock.default": "true",
        }
    )
    hosts = ("results.votingapp.local", "r.example.org")
    assert labels == Labels(hosts, 8000, "/healthz?deep=1", "leastconn", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hostname", "two words"),
        ("hostname", "a } || { always_true"),
        ("hostname", "x\nbackend y"),
        ("hostname", "ends.local\n"),
        ("hostname", "-dash"),
        ("domain", "a..b"),
        ("alias_domain.0", "*"),
        ("port", "http"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "٣"),
        ("health_check", "healthz"),
        ("health_check", "/with space"),
        ("health_check", "/line\n"),
        ("balance_algorithm", "static-rr"),
        ("default", "yes"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    labels = {"interlock.hostname": "x", f"interlock.{name}": value}
    with pytest.raises(LabelError):
        parse(labels)


def test_unknown_labels_are_found() -> None:
    labels = {"interlock.hostnme": "x", "interlock.alias_domain.1": "y", "other": "z"}
    assert unknown(labels) == ("interlock.hostnme",)
