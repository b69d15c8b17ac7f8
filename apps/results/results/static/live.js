"use strict";

// The server renders; this only puts in place what it sends. EventSource reconnects by itself after
// an interruption, but gives up where the server refuses: then a reload tries the whole page again.
const figures = document.getElementById("figures");
const pause = document.getElementById("pause");
const events = new EventSource("/events");
let latest = figures.innerHTML;

function show() {
  // Neither under the hands of a reader who has paused, nor of one who is at a link in it.
  if (pause.getAttribute("aria-pressed") === "false" && !figures.contains(document.activeElement)) {
    figures.innerHTML = latest;
  }
}

events.onmessage = (event) => {
  latest = event.data;
  show();
};
events.onerror = () => {
  if (events.readyState === EventSource.CLOSED) {
    setTimeout(() => location.reload(), 10000);
  }
};
pause.hidden = false;
pause.onclick = () => {
  pause.setAttribute("aria-pressed", pause.getAttribute("aria-pressed") === "false");
  show();
};
