"use strict";

// The server renders; this only puts in place what has changed, so that neither a reader's place
// nor a table's scrolling is lost.
const pause = document.getElementById("pause");
const fresh = ["state", "warnings", "count", "queues", "workers", "balancers", "services", "nodes"];

async function look() {
  if (pause.getAttribute("aria-pressed") === "true") {
    return;
  }
  try {
    const answer = await fetch("/");
    if (!answer.ok) {
      throw new Error(`the overview answers ${answer.status}`);
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const id of fresh) {
      const shown = document.getElementById(id);
      const newest = page.getElementById(id);
      if (shown.innerHTML !== newest.innerHTML) {
        shown.replaceChildren(...newest.childNodes);
      }
    }
  } catch {
    document.getElementById("warnings").textContent = "This page gets no answer: what it shows is old.";
  }
}

async function follow() {
  await look();
  setTimeout(follow, 2000);
}

pause.hidden = false;
pause.onclick = () => {
  pause.setAttribute("aria-pressed", pause.getAttribute("aria-pressed") === "false");
};
setTimeout(follow, 2000);
