"use strict";
// One column per recipient: chats with the bot as chats, what other channels bring newest first.

const EVERY_MS = 1000;
const SOON_MS = 200;
const SOON_TIMES = 25;
const root = document.getElementById("columns");
const known = new Map();
const sections = new Map();
let version = -1;
let soon = 0;
let waiting = 0;
let looking = false;
let wanted = "";

function copy(name) {
  return document.getElementById(name).content.firstElementChild.cloneNode(true);
}

function since(atMs) {
  const seconds = Math.max(0, Math.round((Date.now() - atMs) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return new Date(atMs).toLocaleString("en-GB");
}

function button(section, column, message, told) {
  if (told.url)
    return make("a", told.label, { href: told.url, target: "_blank", rel: "noopener" });
  const made = make("button", told.label, { type: "button" });
  made.addEventListener("click", () => press(section, column, message, told, made));
  return made;
}

function rows(section, column, message) {
  const made = [];
  for (const one of message.buttons) {
    made[one.row] ??= make("div", "", { className: "row" });
    made[one.row].append(button(section, column, message, one));
  }
  return made.filter(Boolean);
}

function bubble(section, column, message) {
  const item = copy("bubble");
  const answered = column.messages.find((one) => one.id === message.answers);
  item.classList.toggle("mine", message.sender !== "");
  item.classList.toggle("deleted", message.deleted);
  item.querySelector(".sender").textContent = column.kind && column.kind !== "private" ? message.sender : "";
  item.querySelector(".answers").textContent = answered ? answered.first : "";
  const picture = item.querySelector("img");
  if (message.image) picture.src = message.image;
  picture.addEventListener("load", () => settle(section));
  item.querySelector("h3").textContent = message.title;
  item.querySelector(".text").innerHTML = message.shown; // cleaned by the receiver
  if (column.kind && !message.sender) tappable(section, item.querySelector(".text"));
  item.querySelector(".meta").dataset.at = message.at_ms;
  item.querySelector(".meta").dataset.how = [message.deleted && "deleted", message.edited && "edited", message.silent && "silent"]
    .filter(Boolean).map((word) => `${word} · `).join("");
  item.querySelector(".buttons").append(...rows(section, column, message));
  return item;
}

function opened(key, column) {
  const section = copy("column");
  section.dataset.key = key;
  section.pinned = true;
  section.classList.toggle("chat", Boolean(column.kind));
  const list = section.querySelector("ol");
  list.addEventListener("scroll", () => {
    section.pinned = list.scrollHeight - list.scrollTop - list.clientHeight < 40;
  });
  if (column.kind) section.append(composer(section, column));
  else section.querySelector(".place").remove();
  sections.set(key, section);
  return section;
}

function fill(section, column, first) {
  const list = section.querySelector("ol");
  const ordered = column.kind ? [...column.messages].sort((a, b) => Number(a.id) - Number(b.id)) : column.messages;
  section.column = column;
  section.querySelector("h2").textContent = column.name;
  section.querySelector(".who").textContent = column.who;
  list.replaceChildren(...ordered.map((message) => {
    const item = bubble(section, column, message);
    const key = `${section.dataset.key} ${message.id}`;
    const state = `${message.at_ms} ${message.deleted}`;
    if (!first && known.get(key) !== state && !message.sender) item.classList.add("new");
    known.set(key, state);
    return item;
  }));
  if (ordered.length === 0) list.append(make("li", "Nothing yet. Say /start.", { className: "nothing" }));
}

function draw(told) {
  const first = sections.size === 0;
  document.getElementById("empty")?.remove();
  const drawn = told.columns.map((column) => {
    const key = `${column.receiver} ${column.to}`;
    const section = sections.get(key) ?? opened(key, column);
    fill(section, column, first);
    if (column.kind) refreshComposer(section, column, told.people);
    return section;
  });
  const there = [...root.children];
  if (drawn.length !== there.length || drawn.some((one, at) => one !== there[at])) root.replaceChildren(...drawn);
  age(); // what it writes takes room
  for (const section of drawn) settle(section);
  document.getElementById("count").textContent = `${told.number} messages`;
}

// A chat stays at its newest message unless its reader has scrolled away.
function settle(section) {
  const list = section.querySelector("ol");
  if (section.column.kind && section.pinned) list.scrollTop = list.scrollHeight;
  if (section.dataset.key === wanted) {
    section.scrollIntoView({ inline: "start" });
    section.querySelector("[name=text]").focus();
    wanted = "";
  }
}

function age() {
  for (const meta of document.querySelectorAll(".meta[data-at]"))
    meta.textContent = meta.dataset.how + since(Number(meta.dataset.at));
}

async function look() {
  looking = true;
  try {
    const answer = await fetch(`/_messages?version=${version}`);
    if (answer.status === 200) {
      const told = await answer.json();
      version = told.version;
      if (told.columns.length) draw(told);
    }
  } catch {
    document.getElementById("count").textContent = "The receivers do not answer.";
  }
  age();
  looking = false;
  soon = Math.max(0, soon - 1);
  waiting = setTimeout(look, soon ? SOON_MS : EVERY_MS);
}

// Somebody did something: what comes of it is looked for more often for a while.
function hurry() {
  soon = SOON_TIMES;
  if (looking) return; // it goes on soon by itself
  clearTimeout(waiting);
  look();
}

document.getElementById("new-person").addEventListener("click", openNewcomer);
look();
