"""Debian's Firefox, headless, driven by Marionette: the protocol that geckodriver itself speaks.

Geckodriver is in no package of Debian's, and playwright drives only a Firefox of its own build.
https://firefox-source-docs.mozilla.org/testing/marionette/Protocol.html
"""

import json
import socket
import subprocess
import time
from pathlib import Path
from threading import Event
from typing import Any

READY_SECONDS = 60
ANSWER_SECONDS = 30
# The key of an element in what the W3C's WebDriver protocol sends.
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
SETTINGS = {
    # Any free one; Firefox writes it into its profile.
    "marionette.port": 0,
    # Whoever loads a page again that a form led to is asked; here, the answer is yes.
    "dom.confirm_repost.testing.always_accept": True,
    "toolkit.legacyUserProfileCustomizations.stylesheets": True,
    # None of its own requests, and no window but ours.
    "app.normandy.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,#remote-settings-dummy/v1",
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class MarionetteError(Exception):
    """What Firefox refused; `kind` is an error code of WebDriver, as `no such element`."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


class Firefox:
    """One Firefox process with an empty profile in `directory`.

    Names of `hosts` are names of this machine.
    """

    def __init__(self, directory: Path, hosts: tuple[str, ...]) -> None:
        profile = directory / "profile"
        profile.mkdir(parents=True)
        settings = SETTINGS | {"network.dns.localDomains": ",".join(hosts)}
        (profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in settings.items())
        )
        # Else no window is narrower than 500 pixels, and phones are.
        (profile / "chrome").mkdir()
        (profile / "chrome" / "userChrome.css").write_text(":root { min-width: 0 !important; }")
        self._log_path = directory / "firefox.log"
        command = ["firefox-esr", "--headless", "--marionette", "--remote-allow-system-access"]
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [*command, "--no-remote", "--profile", str(profile)],
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._socket = self._connected(profile / "MarionetteActivePort")
        self._stream = self._socket.makefile("rwb")
        self._receive()
        self._number = 0
        self.ask("WebDriver:NewSession", acceptInsecureCerts=True)

    def ask(self, command: str, **parameters: object) -> Any:
        """The answer to one command; MarionetteError where Firefox does not do it."""
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._stream.write(b"%d:%b" % (len(message), message))
        self._stream.flush()
        _, number, error, result = self._receive()
        assert number == self._number
        if error is not None:
            raise MarionetteError(error["error"], error["message"])
        return result["value"] if isinstance(result, dict) and "value" in result else result

    def run_privileged(self, script: str, *arguments: object) -> Any:
        """What a script returns that may do all that Firefox itself may do."""
        self.ask("Marionette:SetContext", value="chrome")
        try:
            return self.ask("WebDriver:ExecuteScript", script=script, args=arguments)
        finally:
            self.ask("Marionette:SetContext", value="content")

    def end(self) -> None:
        """SIGKILL: nothing of the profile is wanted any more."""
        self._socket.close()
        self._process.kill()
        self._process.wait(READY_SECONDS)

    def _connected(self, port_file: Path) -> socket.socket:
        deadline = time.monotonic() + READY_SECONDS
        while True:
            try:
                port = int(port_file.read_text())
                return socket.create_connection(("127.0.0.1", port), ANSWER_SECONDS)
            except (FileNotFoundError, ValueError, ConnectionRefusedError):
                if self._process.poll() is not None or time.monotonic() > deadline:
                    self._process.kill()
                    self._process.wait(READY_SECONDS)
                    log = self._log_path.read_text()
                    raise RuntimeError(f"Firefox did not start:\n{log}") from None
                Event().wait(0.05)

    def _receive(self) -> Any:
        """The next message: its length in decimal digits, a colon, and JSON of that many bytes."""
        length = b""
        while not length.endswith(b":"):
            byte = self._stream.read(1)
            if not byte:
                raise ConnectionError(f"Firefox has ended:\n{self._log_path.read_text()}")
            length += byte
        return json.loads(self._stream.read(int(length[:-1])))
