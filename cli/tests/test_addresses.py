"""Where playbooks/addresses.yml says that the site is."""

from pathlib import Path

import pytest
from landslide_cli import ROOT, playbook
from landslide_cli.inventory import Inventory


def told(inventory: str, state: Path, *variables: str):
    inventory = Inventory(
        ROOT / "inventories" / inventory, (f"cluster_state_directory={state}", *variables)
    )
    outcome = playbook.run(
        ["playbooks/addresses.yml"], inventory, state / "log", lambda event: None
    )
    assert outcome.returncode == 0, (state / "log").read_text()
    return outcome.data


@pytest.mark.parametrize(
    ("variables", "vote", "results"),
    [
        ([], "http://203.0.113.12/", "http://203.0.113.250/"),
        (
            ["site_certificate=site.crt", "frontend_domain=example.org"],
            "https://votingapp.example.org/",
            "https://results.votingapp.local/",
        ),
        (
            ["site_certificate=site.crt", "site_https_only=false"],
            "http://203.0.113.12/",
            "http://203.0.113.250/",
        ),
    ],
)
def test_a_site_with_a_certificate_is_at_its_names(variables, vote, results, tmp_path):
    data = told("example", tmp_path, *variables)

    assert (data["addresses"]["Vote"], data["addresses"]["Results"]) == (vote, results)
    assert data["entrance"] == "http://203.0.113.12/"


def test_a_lab_is_on_loopback_by_either_scheme(tmp_path):
    assert told("lab", tmp_path)["addresses"]["Vote"] == "http://127.0.0.1:8080/"
    https = told("lab", tmp_path, "site_https_only=true")
    assert https["addresses"]["Vote"] == "https://127.0.0.1:8443/"
