#!/usr/bin/env python3
"""How long a phone takes to show the pages at some addresses, and what it has to fetch for them.

    bench/pages.py URL...

Each is seen for the first time by Debian's Chromium, 320 px wide, with a processor four times
slower than this one, and a network as Lighthouse has it for phones: 562.5 ms until an answer
begins, 180 kB/s down, 84 kB/s up. Three times; of each figure the median. Nothing is pressed.

Milliseconds until the first and the largest part is seen; how far things jump meanwhile (layout
shift); how long the page could not answer (what tasks take above 50 ms); then elements, requests,
and kB with headers, all of it within two seconds after the page was loaded.
"""

import sys
from pathlib import Path
from statistics import median

from playwright.sync_api import Browser, ViewportSize, sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "apps"))

from testing.browser import PHONE, QUIET, Visitor

ROUNDS = 3
NETWORK = {"latency": 562.5, "downloadThroughput": 184_320, "uploadThroughput": 84_375}
PROCESSOR = 4
COLUMNS = ("first ms", "largest ms", "jumps", "busy ms", "elements", "requests", "kB")
WATCH = """new Promise(done => {
  const seen = {"first-contentful-paint": 0, "largest-contentful-paint": 0, jumps: 0, busy: 0};
  const watch = (type, note) => new PerformanceObserver(list => list.getEntries().forEach(note))
    .observe({type, buffered: true});
  watch("paint", entry => seen[entry.name] = entry.startTime);
  watch("largest-contentful-paint", entry => seen[entry.entryType] = entry.startTime);
  watch("layout-shift", entry => seen.jumps += entry.value);
  watch("longtask", entry => seen.busy += entry.duration - 50);
  setTimeout(() => done([
    seen["first-contentful-paint"], seen["largest-contentful-paint"], seen.jumps, seen.busy,
    document.querySelectorAll("*").length,
  ]), 2000);
})"""


def look(browser: Browser, url: str) -> list[float]:
    """The figures of COLUMNS, as somebody has them who was never there."""
    viewport = ViewportSize(width=PHONE["width"], height=PHONE["height"])
    visitor = Visitor(browser.new_context(viewport=viewport, device_scale_factor=2), url)
    phone = visitor.context.new_cdp_session(visitor.page)
    phone.send("Network.emulateNetworkConditions", {"offline": False, **NETWORK})
    phone.send("Emulation.setCPUThrottlingRate", {"rate": PROCESSOR})
    figures: list[float] = visitor.go("").evaluate(WATCH)
    figures += [len(visitor.requests), visitor.bytes_received() / 1000]
    visitor.leave()
    return figures


def main(urls: list[str]) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=QUIET)
        print("  ".join(f"{column:>10}" for column in COLUMNS))
        for url in urls:
            rounds = [look(browser, url) for _ in range(ROUNDS)]
            figures = [median(column) for column in zip(*rounds, strict=True)]
            print("  ".join(f"{figure:10,.1f}" for figure in figures), url)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
