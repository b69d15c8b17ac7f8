"use strict";

// The server renders; this only puts in place what it sends. EventSource reconnects by itself after
// an interruption, but gives up where the server refuses: then a reload tries the whole page again.
const events = new EventSource("/events");
events.onmessage = (event) => {
  document.getElementById("figures").innerHTML = event.data;
};
events.onerror = () => {
  if (events.readyState === EventSource.CLOSED) {
    setTimeout(() => location.reload(), 10000);
  }
};
