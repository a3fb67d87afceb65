// What a page does by itself. Everything works without this file, but for live updates.
"use strict";

// Times are the server's, in UTC, until they are put into the viewer's zone and language.
const units = [["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1]];
const relative = new Intl.RelativeTimeFormat(document.documentElement.lang, {numeric: "auto", style: "narrow"});
const exact = new Intl.DateTimeFormat(undefined, {dateStyle: "medium", timeStyle: "medium"});
const when = new Intl.DateTimeFormat(document.documentElement.lang, {weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit"});
const day = new Intl.DateTimeFormat(document.documentElement.lang, {day: "numeric", month: "short"});
const clock = new Intl.DateTimeFormat(undefined, {hour: "2-digit", minute: "2-digit"});

function showTimes(root) {
  for (const time of root.querySelectorAll("time[data-ago], time[data-clock], time[data-exact], time[data-moment]")) {
    const at = new Date(time.dateTime);
    if (isNaN(at) || at.getUTCFullYear() < 2000) continue;
    time.title = exact.format(at);
    if (time.dataset.exact !== undefined) {
      time.textContent = when.format(at);
      continue;
    }
    // As in a messenger: today's by the clock, older ones by the day.
    if (time.dataset.moment !== undefined) {
      const today = at.toDateString() === new Date().toDateString();
      time.textContent = (today ? clock : day).format(at);
      continue;
    }
    if (time.dataset.clock !== undefined) {
      time.textContent = clock.format(at);
      continue;
    }
    const seconds = Math.max(0, (Date.now() - at) / 1000);
    const [unit, length] = units.find(([, length]) => seconds >= length) || units[3];
    time.textContent = relative.format(-Math.floor(seconds / length), unit);
  }
}
showTimes(document);
setInterval(() => showTimes(document), 1000);

// What is cut off at the side is reached by keys too. A table that fits keeps its head in view.
function reachable() {
  for (const box of document.querySelectorAll(".scroll")) {
    const fits = box.scrollWidth <= box.clientWidth;
    box.classList.toggle("fits", fits);
    if (fits) box.removeAttribute("tabindex"); else box.tabIndex = 0;
  }
}
reachable();
addEventListener("resize", reachable);

// The newest message is in view, unless the reader has scrolled up.
function follow(box) { if (box) box.scrollTop = box.scrollHeight; }
let atEnd = true;
document.addEventListener("htmx:beforeSwap", () => {
  const box = document.getElementById("bubbles");
  atEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 80;
});
document.addEventListener("htmx:afterSettle", (e) => {
  showTimes(document);
  reachable();
  if (atEnd && e.detail.elt && e.detail.elt.id === "bubbles") follow(document.getElementById("bubbles"));
  if (e.detail.elt && e.detail.elt.id === "try") {
    follow(e.detail.elt.querySelector(".bubbles"));
    e.detail.elt.querySelector("[name=say]").focus();
  }
});
follow(document.getElementById("bubbles"));

// On a phone a row of tabs is wider than the screen: the one that is open is brought into view.
for (const tab of document.querySelectorAll(".tabs [aria-current], .chips [aria-current]")) {
  tab.parentElement.scrollLeft = tab.offsetLeft - (tab.parentElement.clientWidth - tab.offsetWidth) / 2;
}

// A lost connection is said in a thin bar, and a page that catches up says so by being current.
const offline = document.getElementById("offline");
const lost = (is) => { offline.hidden = !is; };
for (const event of ["htmx:sendError", "htmx:timeout"]) document.addEventListener(event, () => lost(true));
document.addEventListener("htmx:afterOnLoad", () => { if (!feed || stream.readyState === EventSource.OPEN) lost(false); });

// A part that could not be loaded says so, and is asked for again at a press. What loads afterwards
// shows that it goes on.
const toast = document.getElementById("toast");
let failed = null;
document.addEventListener("htmx:responseError", (e) => { failed = e.detail.elt; toast.hidden = false; });
document.addEventListener("htmx:afterOnLoad", (e) => { if (e.detail.successful !== false) toast.hidden = true; });
toast.querySelector("button").addEventListener("click", () => {
  toast.hidden = true;
  if (failed.isConnected && failed.dataset.live) htmx.trigger(failed, "live"); else location.reload();
});

// A tab that nobody sees asks for nothing, and so what comes meanwhile does not count as seen.
document.addEventListener("htmx:beforeRequest", (e) => {
  if (document.hidden && e.detail.elt.dataset.live) e.preventDefault();
});

// One stream of events says what is new. The parts of the page that an event is about ask for
// themselves again. A browser has six connections to a site, so a tab that nobody sees holds none; it
// goes on after the last event when it is looked at again.
const feed = document.getElementById("feed");
let stream, last = "", news = [], gathering, again;

function isAbout(part, {type, contact}) {
  if (type === "") return true; // whatever happened meanwhile
  if (part.dataset.contact && contact && part.dataset.contact !== String(contact)) return false;
  return part.dataset.live.split(" ").some((family) => type.startsWith(family + "_"));
}

// What comes at once, as of a session that comes back, is asked for once.
function tell(type, contact) {
  news.push({type, contact});
  gathering ||= setTimeout(() => {
    const told = news;
    news = []; gathering = 0;
    for (const part of document.querySelectorAll("[data-live]")) {
      if (told.some((event) => isAbout(part, event))) htmx.trigger(part, "live");
    }
  }, 300);
}

function listen() {
  clearTimeout(again);
  const query = new URLSearchParams({type: feed.dataset.types});
  if (last) query.set("after", last);
  stream = new EventSource(feed.dataset.path + "?" + query);
  stream.onopen = () => { lost(false); tell(""); };
  stream.onerror = () => {
    lost(true);
    // One that was refused is not asked for again by the browser.
    if (stream.readyState === EventSource.CLOSED) again = setTimeout(listen, 5000);
  };
  for (const type of feed.dataset.types.split(",")) {
    stream.addEventListener(type, (e) => { last = e.lastEventId; tell(type, JSON.parse(e.data).data?.contact_id); });
  }
}
if (feed) {
  listen();
  document.addEventListener("visibilitychange", () => {
    clearTimeout(again);
    stream.close();
    if (!document.hidden) listen();
  });
  // A page that is left has lost nothing.
  window.addEventListener("pagehide", () => stream.close());
  window.addEventListener("pageshow", (e) => { if (e.persisted) listen(); });
}

// What cannot be undone at once is asked about first.
// The question's button says what the pressed one says.
const ask = document.getElementById("ask");
let agreed = null; // the form that was asked about, while it is sent
document.addEventListener("submit", (e) => {
  const form = e.target, button = e.submitter || e.target.querySelector("button");
  if (!form.dataset.ask || agreed === form) return;
  e.preventDefault();
  ask.querySelector("p").textContent = form.dataset.ask
    .replace("{command}", () => form.elements.command.selectedOptions[0].text)
    .replace("{ticked}", () => document.querySelectorAll("[name=tenants]:checked").length);
  ask.querySelector("[value=yes]").textContent = button.textContent;
  ask.returnValue = "";
  ask.onclose = () => {
    if (ask.returnValue !== "yes") return;
    agreed = form;
    form.requestSubmit(button);
    agreed = null;
  };
  ask.showModal();
});

// A form that is on its way is not sent again by a second press. The page that follows is another one,
// or the same again from the browser's memory; a file leaves this one where it is.
const onItsWay = new Set();
document.addEventListener("submit", (e) => {
  if (e.defaultPrevented || e.target.method !== "post") return;
  if (onItsWay.has(e.target)) { e.preventDefault(); return; }
  const form = e.target, arrived = () => { onItsWay.delete(form); form.removeAttribute("aria-busy"); };
  onItsWay.add(form);
  form.setAttribute("aria-busy", "true"); // after a moment it looks so, too
  setTimeout(arrived, 5000);
});
addEventListener("pageshow", () => {
  for (const form of onItsWay) form.removeAttribute("aria-busy");
  onItsWay.clear();
});

// Keys: "/" searches, "n" makes a new one.
document.addEventListener("keydown", (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target.closest("input, textarea, select")) return;
  const found = document.querySelector(`[data-key="${CSS.escape(e.key)}"]`);
  if (!found) return;
  e.preventDefault();
  if (found.matches("input")) found.focus(); else found.click();
});

// One box ticks all of its page.
document.addEventListener("change", (e) => {
  if (!e.target.dataset.all) return;
  for (const box of document.querySelectorAll(`input[name="${CSS.escape(e.target.dataset.all)}"]`)) box.checked = e.target.checked;
});

// The arrows go from row to row of a list, and Enter opens what the row is about.
document.addEventListener("keydown", (e) => {
  if (e.key !== "ArrowDown" && e.key !== "ArrowUp" || e.target.closest("textarea, select, .try")) return;
  const rows = [...document.querySelectorAll(".rows tbody a.strong")];
  if (rows.length === 0) return;
  const at = rows.indexOf(document.activeElement) + (e.key === "ArrowDown" ? 1 : -1);
  e.preventDefault();
  if (at >= 0 && at < rows.length) rows[at].focus();
});

// Enter sends what is written in a chat, and Shift with Enter begins a new line.
document.addEventListener("keydown", (e) => {
  if (e.key === "Enter" && !e.shiftKey && !e.isComposing && e.target.matches(".write textarea")) {
    e.preventDefault();
    e.target.form.requestSubmit();
  }
});

// In a field that belongs to another form, Enter presses the button that it names.
document.addEventListener("keydown", (e) => {
  if (e.key !== "Enter" || e.isComposing || !e.target.dataset.enter) return;
  e.preventDefault();
  document.getElementById(e.target.dataset.enter).click();
});

// What was typed into a long form is not left behind without a question.
let typed = false;
document.addEventListener("input", (e) => { if (e.target.closest("form[data-keep]")) typed = true; });
document.addEventListener("submit", () => { typed = false; });
window.addEventListener("beforeunload", (e) => { if (typed) e.preventDefault(); });

const caps = document.getElementById("caps");
if (caps) document.addEventListener("keyup", (e) => {
  if (e.getModifierState) caps.hidden = !e.getModifierState("CapsLock");
});
