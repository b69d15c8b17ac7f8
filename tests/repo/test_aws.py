"""What playbooks/aws.yml and its like say to what is wrong, and that nothing is made then.

AWS is moto's, in this process and on loopback. Its machines are never connected to.
"""

from __future__ import annotations

import json
import os
import re
import runpy
import subprocess
from collections.abc import Callable, Iterator
from functools import partial
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from moto.cloudformation.models import Stack
from moto.server import ThreadedMotoServer

MADE = ["-e", "aws_image_parameter=/landslide/image"]
GONE = ["-e", "aws_teardown_confirm=yes"]
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "landslide", "AWS_SECRET_ACCESS_KEY": "nobody"}


class Cloud:
    """An AWS of the test's own, and what is run against it."""

    def __init__(self, root: Path, server: ThreadedMotoServer, client: Callable[..., Any]) -> None:
        self.root = root
        self.address = "http://{}:{}".format(*server.get_host_and_port())
        self.client = partial(client, server)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        settings = {
            "ANSIBLE_CONFIG": str(self.root / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "AWS_ENDPOINT_URL": self.address,
            # No real credentials: neither those in files, nor those that a machine of Amazon's has.
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return subprocess.run(
            [*command, "-i", "inventories/aws"],
            cwd=self.root,
            env=kept | settings | environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    def play(self, playbook: str, *options: str, **environment: str) -> str:
        """Run a playbook that has to work, and return what it says, blanks in a row as one."""
        known = CREDENTIALS | environment
        played = self.run("ansible-playbook", f"{playbook}.yml", *options, **known)
        assert played.returncode == 0, played.stdout
        return " ".join(played.stdout.split())

    def fail(self, playbook: str, *options: str, **environment: str) -> str:
        """Run a playbook that has to fail, and return what it says, blanks in a row as one."""
        played = self.run("ansible-playbook", f"{playbook}.yml", *options, **environment)
        assert played.returncode != 0, played.stdout
        return " ".join(played.stdout.split())

    def stacks(self) -> dict[str, str]:
        """Return the state of each stack that is there."""
        stacks = self.client("cloudformation").describe_stacks()["Stacks"]
        return {stack["StackName"]: stack["StackStatus"] for stack in stacks}

    def machines(self) -> list[str]:
        """Return the names of the machines that are there."""
        running = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        found = self.client("ec2").describe_instances(Filters=running)["Reservations"]
        tags = [machine["Tags"] for some in found for machine in some["Instances"]]
        return sorted(tag["Value"] for some in tags for tag in some if tag["Key"] == "Name")


class Template(yaml.SafeLoader):
    """Reads a template; what a tag of CloudFormation's says of a value is left out."""


Template.add_multi_constructor(
    "!",
    lambda loader, _, node: (
        loader.construct_sequence(node)
        if isinstance(node, yaml.SequenceNode)
        else loader.construct_scalar(node)
    ),
)


@pytest.fixture(scope="module")
def server(root: Path) -> Iterator[tuple[ThreadedMotoServer, dict[str, Any]]]:
    module = runpy.run_path(str(root / "molecule/aws/cloud.py"))
    running = module["start"](0)
    yield running, module
    running.stop()


@pytest.fixture
def cloud(root: Path, server: tuple[ThreadedMotoServer, dict[str, Any]]) -> Cloud:
    running, module = server
    made = Cloud(root, running, module["client"])
    requests.post(f"{made.address}/moto-api/reset", timeout=10)
    module["fill"](running)
    return made


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-e", "aws_managers=2"], "aws_managers is 2; it may be 1, 3 or 5."),
        (["-e", "aws_frontends=60"], "Use fewer and larger machines."),
        (["-e", "aws_network=11.33"], "it is the first two numbers of a private network"),
        (["-e", "aws_network=10.36"], "10.36.0.0/16 overlaps 10.36.0.0/16, which the Swarm"),
        (
            ["-e", '{"aws_network": "10.99", "swarm_address_pool": ["10.96.0.0/12"]}'],
            "10.99.0.0/16 overlaps 10.96.0.0/12, which the Swarm",
        ),
        (["-e", "aws_site_name=vote.example.org"], "give both, or neither."),
        (
            [],
            "The region eu-central-1 has no image parameter "
            "/aws/service/debian/release/13/latest/amd64: choose another region",
        ),
        (["-e", "aws_key_pair=nobody"], "There is no key pair nobody in eu-central-1: create it"),
    ],
)
def test_a_mistake_is_told_before_anything_is_made(
    options: list[str], sentence: str, cloud: Cloud
) -> None:
    assert sentence in cloud.fail("playbooks/aws", *options, **CREDENTIALS)
    assert (cloud.stacks(), cloud.machines()) == ({}, [])


def test_missing_credentials_are_told(cloud: Cloud) -> None:
    assert "set AWS_PROFILE, or AWS_ACCESS_KEY_ID" in cloud.fail("playbooks/aws")


def test_an_inventory_that_matches_no_machine_is_told(cloud: Cloud) -> None:
    assert "the inventory matches no machine" in cloud.fail("site", **CREDENTIALS)


def test_a_stack_that_failed_is_named_and_can_be_taken_away(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(stack: Stack) -> None:
        """End as AWS does where a machine cannot be had."""
        stack.status = "ROLLBACK_COMPLETE"

    with monkeypatch.context() as patched:
        patched.setattr(Stack, "mark_creation_complete", fail)
        said = cloud.fail("playbooks/aws", *MADE, **CREDENTIALS)
    assert "The stack landslide in eu-central-1 could not be made as described" in said
    assert "playbooks/aws_teardown.yml removes the rest" in said
    assert "AWS says: Problem with CREATE. Rollback complete" in said

    said = cloud.fail("playbooks/aws", *MADE, **CREDENTIALS)
    assert (
        "The stack landslide in eu-central-1 is ROLLBACK_COMPLETE: playbooks/aws_teardown.yml "
        "removes it."
    ) in said

    cloud.play("playbooks/aws_teardown", *GONE, "-e", "aws_without_votes=true")
    assert (cloud.stacks(), cloud.machines()) == ({}, [])


def test_machines_are_found_by_their_private_addresses_and_stay_until_the_votes_are_safe(
    cloud: Cloud,
) -> None:
    said = cloud.play("playbooks/aws", *MADE, "-e", "aws_managers=5")
    assert "The site's address will be http://" in said

    listed = json.loads(
        cloud.run("ansible-inventory", "--list", **CREDENTIALS).stdout,
        object_hook=lambda read: read.get("__ansible_unsafe", read),
    )
    machines = listed["_meta"]["hostvars"]
    assert sorted(machines) == cloud.machines()
    assert sorted(listed["frontend"]["hosts"]) == ["frontend01", "frontend02"]
    for machine in machines.values():
        assert machine["ansible_host"] == machine["node_address"]
        assert ip_address(machine["node_address"]) in ip_network("10.33.0.0/16")
        assert "aws ssm start-session" in machine["ansible_ssh_common_args"]
    first = cloud.run("ansible", "manager[0]", "--list-hosts", **CREDENTIALS).stdout
    assert first.split()[-1] == "manager01"

    said = cloud.fail("playbooks/aws_teardown", **CREDENTIALS)
    assert "Nothing was changed." in said

    # As where the store cannot be reached: it is on this machine's loopback, where nobody answers.
    nobody = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_common_args": ""}
    said = cloud.fail("playbooks/aws_teardown", *GONE, "-e", json.dumps(nobody), **CREDENTIALS)
    assert "Connection refused" in said
    assert "The machines are kept, because the votes could not be exported" in said
    assert cloud.machines() == sorted(machines)

    said = cloud.play("playbooks/aws_teardown", *GONE, "-e", "aws_without_votes=true")
    assert (cloud.stacks(), cloud.machines()) == ({}, [])
    left = cloud.client("ec2").describe_volumes()["Volumes"]
    assert len(left) == 3
    assert [volume["VolumeId"] for volume in left if volume["VolumeId"] not in said] == []
    assert [volume["Encrypted"] for volume in left] == [True] * 3


def test_a_machine_that_works_in_the_swarm_stays(cloud: Cloud, tmp_path: Path) -> None:
    cloud.play("playbooks/aws", *MADE, "-e", "aws_managers=3")
    machines = cloud.machines()
    fewer = [*MADE, "-e", "aws_managers=1", "-e", "aws_frontends=1"]

    # As where no manager can be reached: they are on this machine's loopback, where nobody answers.
    nobody = {"ansible_host": "127.0.0.1", "ansible_port": 1, "ansible_ssh_common_args": ""}
    said = cloud.fail("playbooks/aws", *fewer, "-e", json.dumps(nobody), **CREDENTIALS)
    assert "no manager says whether they have left the Swarm" in said
    assert cloud.machines() == machines

    # As on a manager whose Swarm has all machines but frontend02.
    docker = tmp_path / "docker"
    docker.write_text('#!/bin/sh\ntest "$2" = ls || printf "10.33.%s\\n" 1.11 2.13 3.15 1.20\n')
    docker.chmod(0o755)
    here = ["-e", '{"ansible_connection": "local", "ansible_become": false}']
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    said = cloud.fail("playbooks/aws", *fewer, *here, **CREDENTIALS, **path)
    assert "manager02, manager03 would be removed, and are still in the Swarm" in said
    assert cloud.machines() == machines

    cloud.play("playbooks/aws", *fewer, "-e", "aws_managers=3", *here, **path)
    assert cloud.machines() == sorted(set(machines) - {"frontend02"})


def test_nothing_is_open_but_what_each_tier_needs(cloud: Cloud) -> None:
    cloud.play("playbooks/aws", *MADE)
    template = cloud.client("cloudformation").get_template(StackName="landslide")["TemplateBody"]
    resources = yaml.load(template, Template)["Resources"].values()

    def properties(kind: str) -> list[dict[str, Any]]:
        kinds = {f"AWS::EC2::{kind}"}
        return [resource["Properties"] for resource in resources if resource["Type"] in kinds]

    groups = properties("SecurityGroup")
    from_anywhere = [door for group in groups for door in group.get("SecurityGroupIngress", [])]
    assert [(door["FromPort"], door["ToPort"]) for door in from_anywhere] == [(80, 80), (443, 443)]
    to_anywhere = {
        way["FromPort"]
        for group in groups
        for way in group["SecurityGroupEgress"]
        if way["CidrIp"] == "0.0.0.0/0"
    }
    assert to_anywhere == {80, 443}
    ends = ("SourceSecurityGroupId", "GroupId")
    assert {
        (*(door[end].partition("Doors")[0] for end in ends), door["IpProtocol"], door["FromPort"])
        for door in properties("SecurityGroupIngress")
    } == {
        ("Machine", "Machine", "icmp", -1),
        *(("Balancer", "Interlock", "tcp", port) for port in (80, 443)),
        *(("Swarm", "Swarm", *port) for port in (("tcp", 7946), ("udp", 7946), ("udp", 4789))),
        ("Swarm", "Manager", "tcp", 2377),
        ("Machine", "Manager", "tcp", 5000),
        ("Interlock", "Manager", "tcp", 9376),
        ("Interlock", "Frontend", "tcp", 8000),
        ("Interlock", "Store", "tcp", 80),
        ("Interlock", "Interlock", "tcp", 8405),
        *(("Store", "Interlock", "tcp", port) for port in (8404, 8405)),
        ("Store", "Manager", "tcp", 9376),
    }

    machines = properties("Instance")
    disks = [machine["BlockDeviceMappings"][0]["Ebs"] for machine in machines]
    assert {machine["MetadataOptions"]["HttpTokens"] for machine in machines} == {"required"}
    assert {disk["Encrypted"] for disk in disks} == {True}
    # The order is that of the tiers: managers, interlocks, frontends, workers, store.
    stays = [not disk["DeleteOnTermination"] for disk in disks]
    assert stays == [False, False, False, True, True, False, True]
    protected = [machine.get("DisableApiTermination", False) for machine in machines]
    assert protected == [False] * 6 + [True]


def test_what_is_said_to_cost_is_what_is_made(root: Path) -> None:
    made = yaml.safe_load((root / "roles/aws/defaults/main.yml").read_text())
    said = (root / "docs/aws.md").read_text()
    counts = {tier: made.get(f"aws_{tier}s", 1) for tier in made["aws_types"]}
    for tier, kind in made["aws_types"].items():
        assert f"| {tier} | {counts[tier]} {kind} |" in said
    size = sum(counts[tier] * made["aws_volumes"][tier] for tier in counts)
    assert f"{size} GiB of gp3" in said


def test_no_other_role_knows_where_it_runs(tracked: list[Path], root: Path) -> None:
    roles = [path for path in tracked if path.is_relative_to(root / "roles")]
    others = [path for path in roles if not path.is_relative_to(root / "roles/aws")]
    place = re.compile(r"\b(aws|vagrant)", re.IGNORECASE)
    assert [str(path) for path in others if place.search(path.read_text())] == []
