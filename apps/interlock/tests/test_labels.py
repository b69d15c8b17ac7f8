from pathlib import Path

import pytest
from interlock.labels import TABLE, Label, LabelError, Labels, parse, unknown


def test_a_service_without_host_is_none_of_ours() -> None:
    assert parse({"other": "x", "interlock.port": "80"}) is None


def test_hostname_and_domain_make_the_host() -> None:
    labels = parse({"interlock.hostname": "VotingApp", "interlock.domain": "local"})
    assert labels == Labels(("votingapp.local",))


def test_all_labels() -> None:
    labels = parse(
        {
            "interlock.hostname": "results",
            "interlock.domain": "votingapp.local",
            "interlock.alias_domain.0": "r.example.org",
            "interlock.alias_domain.1": "results.votingapp.local",
            "interlock.context_root": "/results/",
            "interlock.context_root_rewrite": "true",
            "interlock.network": "mynet",
            "interlock.port": "8000",
            "interlock.ssl_only": "True",
            "interlock.ssl_backend": "true",
            "interlock.ssl_backend_tls_verify": "required",
            "interlock.health_check": "/healthz?deep=1",
            "interlock.health_check_interval": "5000",
            "interlock.balance_algorithm": "leastconn",
            "interlock.backend_option.10": "tcpka",
            "interlock.backend_option.9": "http-server-close",
            "interlock.max_connections": "500",
            "interlock.languages": "en, de-at",
            "interlock.default": "true",
        }
    )
    assert labels == Labels(
        hosts=("results.votingapp.local", "r.example.org"),
        context_root="/results",
        context_root_rewrite=True,
        port=8000,
        ssl_only=True,
        ssl_backend=True,
        ssl_backend_tls_verify="required",
        health_check="/healthz?deep=1",
        health_check_interval=5000,
        balance_algorithm="leastconn",
        network="mynet",
        backend_option=("http-server-close", "tcpka"),
        max_connections=500,
        default=True,
        languages=("en", "de-at"),
    )


def test_a_context_root_is_a_way_of_its_own() -> None:
    labels = parse({"interlock.context_root": "/app"})
    assert labels == Labels((), context_root="/app")
    assert labels.routes == ("/app",)


@pytest.mark.parametrize("value", ["/h", "httpchk /h", "httpchk GET /h"])
def test_a_health_check_may_be_said_as_interlock_1_4_wants_it(value: str) -> None:
    labels = parse({"interlock.hostname": "x", "interlock.health_check": value})
    assert labels is not None and labels.health_check == "/h"


@pytest.mark.parametrize(("value", "ms"), [("500", 500), ("500ms", 500), ("3s", 3000)])
def test_an_interval_is_in_ms_or_says_its_unit(value: str, ms: int) -> None:
    labels = parse({"interlock.hostname": "x", "interlock.health_check_interval": value})
    assert labels is not None and labels.health_check_interval == ms


def test_without_ssl_backend_there_is_nothing_to_verify() -> None:
    labels = parse({"interlock.hostname": "x", "interlock.ssl_backend_tls_verify": "required"})
    assert labels is not None and labels.tls_verify is None


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
        ("context_root", "app"),
        ("context_root", "/a/../b"),
        ("context_root", "/a b"),
        ("context_root", "/a%62"),
        ("context_root", "/" + "x" * 500),
        ("context_root_rewrite", "1"),
        ("network", "two words"),
        ("ssl_only", ""),
        ("ssl_backend", "on"),
        ("ssl_backend_tls_verify", "optional"),
        ("health_check", "httpchk POST /"),
        ("health_check", "/" + "x" * 1001),
        ("health_check_interval", "99"),
        ("health_check_interval", "3601s"),
        ("health_check_interval", "1m"),
        ("backend_option", "forwardfor"),
        ("backend_option.0", "httpchk GET /"),
        ("backend_option.1", "tcpka\n"),
        ("max_connections", "0"),
        ("languages", "en;de"),
        ("languages", "en,"),
        ("languages", "e"),
        ("languages", "en) -m found"),
        ("languages", ",".join(["en"] * 200)),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    labels = {"interlock.hostname": "x", f"interlock.{name}": value}
    with pytest.raises(LabelError):
        parse(labels)


def test_unknown_labels_are_found() -> None:
    labels = {"interlock.hostnme": "x", "interlock.alias_domain.1": "y", "other": "z"}
    assert unknown(labels) == ("interlock.hostnme",)


@pytest.mark.parametrize("label", TABLE, ids=lambda label: label.name)
def test_the_documentation_has_the_table(label: Label) -> None:
    name = f"{label.name}.N" if label.numbered else label.name
    page = Path(__file__).parents[3] / "docs" / "interlock.md"
    assert f"| `{name}` | {label.value} | {label.shown} | {label.means} |" in page.read_text()


@pytest.mark.parametrize("label", TABLE, ids=lambda label: label.name)
def test_each_label_is_known_and_has_a_default(label: Label) -> None:
    names = [label.name, f"{label.name}.7"] if label.numbered else [label.name]
    assert unknown({f"interlock.{name}": "" for name in names}) == ()
    assert unknown({f"interlock.{label.name}.07x": ""}) == (f"interlock.{label.name}.07x",)
    assert label.found({}) == label.default
