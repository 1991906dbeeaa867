"use strict";
// What people do in a chat with the bot: type, share a place, press, block.

const PLACES = [
  ["London", 51.507, -0.128], ["Madrid", 40.417, -3.704], ["Paris", 48.857, 2.352], ["New York", 40.713, -74.006],
  ["Bogotá", 4.711, -74.072], ["Dubai", 25.205, 55.271], ["Singapore", 1.352, 103.82], ["Tokyo", 35.69, 139.692],
];
const ANONYMOUS = "anonymous";
const ANSWER_EVERY_MS = 250;
const ANSWER_WITHIN_MS = 10_000;

async function post(path, body) {
  const answer = await fetch(path, { method: "POST", body: JSON.stringify(body) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.error);
  return told;
}

function toast(section, text, lasts = 4000) {
  const line = section.querySelector(".toast");
  line.textContent = text;
  line.hidden = false;
  clearTimeout(line.timer);
  line.timer = setTimeout(() => { line.hidden = true; }, lasts);
}

async function attempt(section, path, body) {
  try {
    const told = await post(path, body);
    hurry();
    return told;
  } catch (error) {
    toast(section, String(error.message));
    return null;
  }
}

function make(name, text, more = {}) {
  return Object.assign(document.createElement(name), { textContent: text, ...more });
}

// Who speaks in a group: one of the people here, or an admin who hides behind the group's name.
function author(section, column) {
  if (column.kind === "private" || column.kind === "channel") return {};
  const chosen = section.querySelector("[name=by]").value;
  return chosen === ANONYMOUS ? { anonymous: true } : { by: Number(chosen) };
}

async function type(section, column, said) {
  return attempt(section, "/_type", { chat: Number(column.to), ...author(section, column), ...said });
}

async function press(section, column, message, told, button) {
  button.disabled = true;
  const who = author(section, column);
  const body = { chat: Number(column.to), message: Number(message.id), callback: told.callback, ...(who.by ? { by: who.by } : {}) };
  if (who.anonymous) {
    toast(section, "Buttons are pressed by people: choose one below.");
    button.disabled = false;
    return;
  }
  const pressed = await attempt(section, "/_press", body);
  if (pressed) await heed(section, pressed.query);
  button.disabled = false;
}

// A press waits for its answer: a word on the button, or a window to be closed.
async function heed(section, query) {
  const until = Date.now() + ANSWER_WITHIN_MS;
  while (Date.now() < until) {
    const told = await (await fetch(`/_query?id=${query}`)).json();
    if (told.answered) {
      if (told.alert) openAlert(told.text);
      else if (told.text) toast(section, told.text);
      hurry();
      return;
    }
    await new Promise((done) => setTimeout(done, ANSWER_EVERY_MS));
  }
  toast(section, "The bot has not answered this press.");
}

// Commands within the bot's texts can be tapped, as at Telegram.
function tappable(section, text) {
  const walker = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walker.nextNode())
    if (!walker.currentNode.parentElement.closest("a, pre, code")) found.push(walker.currentNode);
  for (const node of found) {
    const parts = node.textContent.split(/(?<=^|[\s(])(\/[a-z0-9_]{1,32})(?![\w/])/);
    if (parts.length === 1) continue;
    node.replaceWith(...parts.map((part, at) => (at % 2 ? tap(section, part) : part)));
  }
}

function tap(section, command) {
  const made = make("button", command, { type: "button", className: "command" });
  made.addEventListener("click", () => type(section, section.column, { text: command }));
  return made;
}

function openAlert(text) {
  const window = document.getElementById("alert");
  window.querySelector("p").textContent = text;
  window.showModal();
}

function composer(section, column) {
  const made = copy("composer");
  const form = made.querySelector(".typing");
  const commands = made.querySelector("datalist");
  commands.id = `commands-${column.to}`;
  form.text.setAttribute("list", commands.id);
  form.text.addEventListener("focus", () => fillCommands(section, section.column, commands), { once: true });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = form.text.value.trim();
    if (!text) return;
    if (await type(section, section.column, { text })) form.text.value = "";
    section.pinned = true;
  });
  return made;
}

async function fillCommands(section, column, list) {
  const user = column.kind === "private" ? column.to : section.querySelector("[name=by]").value;
  const asked = new URLSearchParams({ chat: column.to, user: Number(user) || 0 });
  const told = await (await fetch(`/_menu?${asked}`)).json();
  list.replaceChildren(...told.map((one) => make("option", one.description, { value: `/${one.command}` })));
}

function refreshComposer(section, column, people) {
  const form = section.querySelector(".typing");
  const who = form.by;
  who.hidden = column.kind === "private" || column.kind === "channel";
  const names = people.map((one) => [String(one.id), one.name]);
  if (column.kind === "supergroup") names.push([ANONYMOUS, "an admin, anonymously"]);
  const key = JSON.stringify(names);
  if (who.dataset.key !== key) {
    const before = who.value;
    who.replaceChildren(...names.map(([value, name]) => make("option", `as ${name}`, { value })));
    if (names.some(([value]) => value === before)) who.value = before;
    who.dataset.key = key;
  }
  const shut = column.kind === "private" && column.bot === "kicked";
  for (const field of form.elements) field.disabled = shut;
  refreshKeyboard(section, column);
  refreshPlace(section, column, shut);
}

// What the bot put in place of the reader's keyboard: its labels, or a place to be shared.
function refreshKeyboard(section, column) {
  const form = section.querySelector(".keyboard");
  const key = JSON.stringify(column.keyboard);
  if (form.dataset.key === key) return;
  form.dataset.key = key;
  form.hidden = column.keyboard.length === 0;
  form.replaceChildren(...column.keyboard.flatMap((one) => {
    const label = one.text ?? one;
    const button = make("button", label, { type: "button" });
    if (!one.request_location) {
      button.addEventListener("click", () => type(section, section.column, { text: label }));
      return [button];
    }
    const where = make("select", "", { ariaLabel: "Where" });
    where.append(...PLACES.map(([name], at) => make("option", name, { value: at })));
    button.addEventListener("click", () => type(section, section.column, { location: PLACES[where.value].slice(1) }));
    return [where, button];
  }));
}

function refreshPlace(section, column, shut) {
  const button = section.querySelector(".place");
  const inside = !["left", "kicked"].includes(column.bot);
  const words = column.kind === "private" ? ["Block the bot", "Unblock"] : ["Remove the bot", "Add the bot"];
  button.textContent = words[inside ? 0 : 1];
  button.onclick = () => {
    const chat = Number(column.to);
    if (column.kind === "private") return attempt(section, shut ? "/_unblock" : "/_block", { chat });
    const status = column.kind === "channel" ? "administrator" : "member";
    const by = author(section, column).by;
    return attempt(section, "/_bot", { chat, status: inside ? "kicked" : status, ...(by ? { by } : {}) });
  };
}

function openNewcomer() {
  const window = document.getElementById("newcomer");
  window.onclose = async () => {
    if (window.returnValue !== "yes") return;
    const form = window.querySelector("form");
    const id = 7_100_000 + Math.floor(Math.random() * 800_000);
    wanted = `telegram ${id}`;
    await post("/_person", { id, name: form.name.value.trim() || "Ada", language_code: form.language.value });
    hurry();
  };
  window.returnValue = "no";
  window.showModal();
}
