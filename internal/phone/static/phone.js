// What the page does by itself. Without this file every button still works, and loads the page anew.
"use strict";

const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23"});
function showTimes(root) {
  for (const time of root.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (!isNaN(at) && at.getUTCFullYear() > 2000) time.textContent = clock.format(at);
  }
}

// What is cut off at the side is reached by keys too.
function reachable() {
  for (const box of document.querySelectorAll(".scroll")) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex");
  }
}
addEventListener("resize", reachable);

const chat = document.getElementById("chat");
function atEnd() { return !chat || chat.scrollHeight - chat.scrollTop - chat.clientHeight < 80; }
function follow() { if (chat) chat.scrollTop = chat.scrollHeight; }

const said = document.getElementById("said");
let hiding;
function say(text, isBad) {
  said.textContent = text;
  said.hidden = !text;
  said.classList.toggle("bad", Boolean(isBad));
  clearTimeout(hiding);
  hiding = setTimeout(() => { said.hidden = true; }, 8000);
}

// The server sends a part of the page when it has changed, and only then. A hidden page asks for
// nothing, and catches up when it is looked at.
const broken = document.getElementById("broken");
let stream;
function listen() {
  const where = document.body.dataset.live;
  if (!where || stream || document.hidden) return;
  stream = new EventSource(where);
  for (const id of ["chat", "device", "operator"]) {
    stream.addEventListener(id, (e) => {
      const part = document.getElementById(id);
      const follows = id === "chat" && atEnd();
      const focused = part.contains(document.activeElement) && document.activeElement !== part;
      if (focused && document.activeElement.matches("button") && document.activeElement.form) document.getElementById("text").focus();
      part.innerHTML = e.data; // made by the server's templates, which escape what people wrote
      showTimes(part);
      reachable();
      if (follows) follow();
    });
  }
  stream.addEventListener("broken", (e) => {
    broken.textContent = e.data ? "Not all of it answers at the moment: " + e.data : "";
    broken.hidden = !e.data;
  });
  stream.addEventListener("error", () => {
    broken.textContent = "The connection to this page's server is lost. It is tried again.";
    broken.hidden = false;
    if (stream.readyState === EventSource.CLOSED) { silence(); setTimeout(listen, 2000); }
  });
  stream.addEventListener("open", () => { broken.hidden = true; });
}
function silence() {
  if (stream) stream.close();
  stream = undefined;
}
document.addEventListener("visibilitychange", () => { if (document.hidden) silence(); else listen(); });
addEventListener("pagehide", silence);
addEventListener("pageshow", listen);

// Buttons do their work without leaving the page. A second press before the answer does nothing.
document.addEventListener("submit", async (e) => {
  const form = e.target;
  if (!form.matches("[data-send]")) return;
  e.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "true";
  const body = new URLSearchParams(new FormData(form));
  const field = form.querySelector("[name=text]:not([type=hidden])");
  if (form.matches("[data-clear]") && field) field.value = "";
  try {
    const res = await fetch(form.action, {method: "POST", body, headers: {Accept: "application/json"}});
    const answer = await res.json();
    say(answer.said, !res.ok);
    if (!res.ok && field) field.value = body.get("text"); // nothing that was typed is lost
  } catch {
    say("The server of this page does not answer.", true);
    if (field) field.value = body.get("text");
  } finally {
    delete form.dataset.busy;
  }
});

// A choice is made as soon as it is chosen; the button is for who has no script.
for (const form of document.querySelectorAll(".choose")) {
  form.querySelector("button").hidden = true;
  form.addEventListener("change", () => form.requestSubmit());
}

document.addEventListener("click", (e) => {
  const emoji = e.target.closest("[data-emoji]");
  if (!emoji) return;
  const field = document.getElementById("text");
  field.setRangeText(emoji.dataset.emoji, field.selectionStart, field.selectionEnd, "end");
  field.focus();
});

showTimes(document);
reachable();
follow();
listen();
