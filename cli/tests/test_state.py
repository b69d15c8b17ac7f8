"""The bundle that takes a controller's secrets to another one."""

import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner
from landslide_cli import bundle
from landslide_cli.errors import Problem
from landslide_cli.playbook import Outcome
from landslide_cli.state import state

PASSPHRASE = "correct horse battery"
FILES = {
    "pki/site/ca.crt": b"a certificate\n",
    "pki/site/ca.key": b"a key\n",
    "poll_id": b"abc\n",
    "secrets/cookie_key": b"\x00\xff no newline",
    "store_founded": b"",
}


def fill(directory, files):
    for name, content in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


@pytest.fixture
def directory(tmp_path, monkeypatch):
    path = tmp_path / "state"
    told = Outcome(data={"state_directory": str(path)})
    monkeypatch.setattr("landslide_cli.playbook.run", lambda *arguments: told)
    monkeypatch.setenv("LANDSLIDE_PASSPHRASE", PASSPHRASE)
    return path


def run(*arguments, **options):
    return CliRunner().invoke(state, [str(argument) for argument in arguments], **options)


def vault(*arguments, cwd, given=b""):
    (cwd / "passphrase").write_text(f"{PASSPHRASE}\n")
    command = [Path(sys.executable).parent / "ansible-vault", *arguments]
    options = {"cwd": cwd, "input": given, "capture_output": True, "check": True}
    return subprocess.run([*command, "--vault-password-file=passphrase"], **options).stdout


def archive(name="secrets/cookie_key", kind=tarfile.REGTYPE):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, "/etc/passwd"
        tar.addfile(member)
    return bundle._vault(PASSPHRASE).encrypt(data.getvalue())


def test_what_is_exported_here_is_imported_there(directory, tmp_path):
    fill(directory, FILES | {"id_ed25519": b"a lab's", "certificate/certificate.json": b"{}"})
    exported = run("export", tmp_path / "bundle")
    directory.rename(tmp_path / "first")
    imported = run("import", tmp_path / "bundle")

    assert (exported.exit_code, imported.exit_code) == (0, 0), exported.output + imported.output
    assert b"a key" not in (tmp_path / "bundle").read_bytes()
    assert bundle.read(directory) == FILES
    assert not (directory / "id_ed25519").exists()
    assert (tmp_path / "bundle").stat().st_mode & 0o777 == 0o600
    modes = {path.is_dir(): path.stat().st_mode & 0o777 for path in directory.rglob("*")}
    assert modes == {True: 0o700, False: 0o600}
    assert directory.stat().st_mode & 0o777 == 0o700


def test_who_has_no_landslide_opens_it_by_ansible_vault_and_tar(directory, tmp_path):
    fill(directory, FILES)
    assert run("export", tmp_path / "bundle").exit_code == 0
    (tmp_path / "there").mkdir()
    opened = vault("decrypt", "--output", "-", "bundle", cwd=tmp_path)
    subprocess.run(["tar", "-C", tmp_path / "there", "-x"], input=opened, check=True)

    assert bundle.read(tmp_path / "there") == FILES


def test_what_ansible_vault_and_tar_have_made_is_imported(directory, tmp_path):
    fill(tmp_path / "there", FILES)
    made = subprocess.run(
        ["tar", "-C", tmp_path / "there", "-c", *bundle.CONTENT], capture_output=True, check=True
    ).stdout
    vault("encrypt", "--output", "bundle", "-", cwd=tmp_path, given=made)
    imported = run("import", tmp_path / "bundle")

    assert imported.exit_code == 0, imported.output
    assert bundle.read(directory) == FILES


def test_imported_again_it_changes_nothing(directory, tmp_path):
    fill(directory, FILES)
    run("export", tmp_path / "bundle")
    result = run("import", tmp_path / "bundle")

    assert result.exit_code == 0
    assert "is up to date" in result.output


def test_an_import_that_was_interrupted_is_finished(directory, tmp_path):
    fill(directory, FILES)
    run("export", tmp_path / "bundle")
    (directory / "secrets/cookie_key").unlink()

    assert run("import", tmp_path / "bundle").exit_code == 0
    assert bundle.read(directory) == FILES


@pytest.mark.parametrize(
    "own", [{"secrets/cookie_key": b"another"}, {"secrets/cookie_key.accepted": b"more"}]
)
def test_a_state_that_differs_is_not_overwritten(directory, tmp_path, own):
    fill(directory, FILES)
    run("export", tmp_path / "bundle")
    directory.rename(tmp_path / "first")
    fill(directory, own)
    result = run("import", tmp_path / "bundle")

    assert result.exit_code == 1
    assert f"{next(iter(own))} differ" in result.output
    assert bundle.read(directory) == own


@pytest.mark.parametrize(
    "sealed",
    [
        archive("../secrets/cookie_key"),
        archive("/secrets/cookie_key"),
        archive("secrets/../../cookie_key"),
        archive("id_ed25519"),
        archive(".", tarfile.DIRTYPE),
        archive(kind=tarfile.SYMTYPE),
        archive(kind=tarfile.LNKTYPE),
        archive(kind=tarfile.FIFOTYPE),
        bundle._vault(PASSPHRASE).encrypt(b"no archive"),
        b"not encrypted",
    ],
)
def test_what_is_no_bundle_writes_nothing(directory, tmp_path, sealed):
    (tmp_path / "bundle").write_bytes(sealed)
    result = run("import", tmp_path / "bundle")

    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), result.exception
    assert not directory.exists()


def test_another_passphrase_opens_nothing():
    with pytest.raises(Problem, match="passphrase"):
        bundle.unpack(bundle.pack(FILES, PASSPHRASE), "wrong horse battery")


def test_the_passphrase_comes_from_a_file_or_a_terminal(directory, tmp_path, monkeypatch):
    fill(directory, FILES)
    (tmp_path / "passphrase").write_text(f"{PASSPHRASE}\n")
    monkeypatch.delenv("LANDSLIDE_PASSPHRASE")
    given = ("--passphrase-file", tmp_path / "passphrase")
    assert run("export", tmp_path / "one", *given).exit_code == 0
    assert bundle.unpack((tmp_path / "one").read_bytes(), PASSPHRASE) == FILES
    nobody = run("export", tmp_path / "two")
    assert nobody.exit_code == 1
    assert "--passphrase-file" in nobody.output
    assert not (tmp_path / "two").exists()


def test_a_short_passphrase_is_refused(directory, tmp_path, monkeypatch):
    fill(directory, FILES)
    monkeypatch.setenv("LANDSLIDE_PASSPHRASE", "short")
    result = run("export", tmp_path / "bundle")
    assert result.exit_code == 1
    assert "at least 16" in result.output


def test_an_export_overwrites_nothing_and_wants_something_to_export(directory, tmp_path):
    assert "nothing to export" in run("export", tmp_path / "bundle").output
    fill(directory, FILES)
    (tmp_path / "bundle").write_text("mine")
    assert "not overwritten" in run("export", tmp_path / "bundle").output
    assert (tmp_path / "bundle").read_text() == "mine"
    assert "cannot be written" in run("export", tmp_path / "nowhere" / "bundle").output


def test_a_full_disk_leaves_the_state_as_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda descriptor: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        bundle.place(FILES, tmp_path / "state")
    assert [path for path in (tmp_path / "state").rglob("*") if path.is_file()] == []
