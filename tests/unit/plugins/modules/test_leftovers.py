from typing import Any

from ansible_collections.landslide.voting.plugins.modules import image_leftovers, swarm_leftovers

HEX = "0123456789ab"


def secret(name: str, *labels: str) -> dict[str, Any]:
    return {"ID": f"id of {name}", "Spec": {"Name": name, "Labels": dict.fromkeys(labels, "x")}}


def spec(service: str, *names: str) -> dict[str, Any]:
    used = [{"SecretID": f"id of {name}", "SecretName": name} for name in names]
    return {"Name": service, "TaskTemplate": {"ContainerSpec": {"Secrets": used}}}


def test_secrets_of_versions_before_the_last_two_go_and_no_others() -> None:
    services = [
        {
            "Spec": spec("frontend", f"key_{HEX}", "plain"),
            "PreviousSpec": spec("frontend", "key_" + "1" * 12),
        },
        {"Spec": spec("somebody's", f"other_{HEX}", "key_" + "4" * 12)},
    ]
    made = "ansible_key"
    objects = [
        secret(f"key_{HEX}", made),
        secret("key_" + "1" * 12, made),
        secret("key_" + "2" * 12, made),
        secret("key_" + "3" * 12),
        secret("key_" + "5" * 12, "landslide.secret"),
        secret("key_" + "4" * 12, made),
        secret("other_" + "2" * 12, made),
        secret("key_2", made),
        secret("plain", made),
    ]
    found = swarm_leftovers.leftovers(["frontend"], services, objects, "Secret")
    assert [one["Spec"]["Name"] for one in found] == ["key_" + "2" * 12, "key_" + "5" * 12]


def test_services_without_secrets_have_none_to_leave() -> None:
    services = [{"Spec": {"Name": "pg", "TaskTemplate": {"ContainerSpec": {}}}}]
    objects = [secret(f"key_{HEX}", "ansible_key")]
    assert swarm_leftovers.leftovers(["pg"], services, objects, "Secret") == []


def image(identity: str, created: int, *tags: str, digest: str = "") -> dict[str, Any]:
    digests = [f"{digest}@sha256:{identity}"] if digest else None
    return {"Id": identity, "Created": created, "RepoTags": list(tags), "RepoDigests": digests}


def test_images_before_the_last_two_go_and_no_others() -> None:
    ours = "192.0.2.1:5000/landslide/redis"
    images = [
        image("a", 1, f"{ours}:1"),
        image("b", 2, f"{ours}:2", digest=ours),
        image("c", 3, digest=ours),
        image("d", 4, f"{ours}:4", digest=ours),
        image("used", 0, digest=ours),
        image("elsewhere too", 0, f"{ours}:0", "mine:latest"),
        image("not ours", 0, "192.0.2.1:5000/mine/redis:1"),
        image("nobody's", 0),
    ]
    found = image_leftovers.leftovers(images, {"used"}, "192.0.2.1:5000/landslide/")
    assert found == [(ours, "b"), (ours, "a")]
