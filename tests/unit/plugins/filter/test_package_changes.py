from ansible_collections.landslide.voting.plugins.filter.package_changes import (
    FilterModule,
    package_changes,
)

OLD = ["libc6\t2.41-12", "libssl3t64\t3.5.1-1", "perl\t5.40.1-6"]


def test_the_filter_has_its_name() -> None:
    assert FilterModule().filters() == {"package_changes": package_changes}


def test_other_new_and_removed_packages_are_told() -> None:
    new = ["libc6\t2.41-12", "libssl3t64:amd64\t3.5.1-1", "perl\t5.40.1-6+deb13u1"]
    assert package_changes({"pg": new}, {"pg": OLD}) == [
        "pg is rebuilt: libssl3t64 3.5.1-1 removed, libssl3t64:amd64 3.5.1-1 added, "
        "perl 5.40.1-6 -> 5.40.1-6+deb13u1"
    ]


def test_what_follows_the_version_is_of_no_account() -> None:
    listed = [f"{line}\tdeb" for line in OLD]
    assert package_changes({"pg": listed}, {"pg": OLD}) == ["pg is rebuilt: with the same packages"]


def test_an_image_with_the_same_packages_and_a_first_one_are_told_apart() -> None:
    assert package_changes({"pg": OLD, "redis": OLD}, {"pg": OLD}) == [
        "pg is rebuilt: with the same packages",
        "redis is built for the first time",
    ]
