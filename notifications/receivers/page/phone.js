"use strict";

const EVERY_MS = 1000;
const root = document.getElementById("columns");
const known = new Map();
let version = -1;

function copy(name) {
  return document.getElementById(name).content.firstElementChild.cloneNode(true);
}

function since(atMs) {
  const seconds = Math.max(0, Math.round((Date.now() - atMs) / 1000));
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return new Date(atMs).toLocaleString();
}

function button(told, column, message) {
  if (told.url) {
    const link = document.createElement("a");
    link.href = told.url;
    link.target = "_blank";
    link.rel = "noopener";
    link.textContent = told.label;
    return link;
  }
  const press = document.createElement("button");
  press.textContent = told.label;
  press.addEventListener("click", async () => {
    press.disabled = true;
    const body = { chat: Number(column.to), message: Number(message.id), callback: told.callback };
    await fetch("/_press", { method: "POST", body: JSON.stringify(body) });
  });
  return press;
}

function bubble(column, message) {
  const item = copy("bubble");
  const answered = column.messages.find((one) => one.id === message.answers);
  item.querySelector(".answers").textContent = answered ? answered.first : "";
  if (message.image) item.querySelector("img").src = message.image;
  item.querySelector("h3").textContent = message.title;
  item.querySelector(".text").innerHTML = message.shown; // cleaned by the receiver
  item.querySelector(".meta").dataset.at = message.at_ms;
  item.querySelector(".meta").dataset.how = [message.edited && "edited", message.silent && "silent"]
    .filter(Boolean).map((word) => `${word} · `).join("");
  item.querySelector(".buttons").append(...message.buttons.map((one) => button(one, column, message)));
  return item;
}

function draw(told) {
  const first = known.size === 0;
  document.getElementById("empty")?.remove();
  root.replaceChildren(...told.columns.map((column) => {
    const section = copy("column");
    section.querySelector("h2").textContent = column.name;
    section.querySelector(".who").textContent = column.who;
    for (const message of column.messages) {
      const item = bubble(column, message);
      const key = `${column.receiver} ${column.to} ${message.id}`;
      if (!first && known.get(key) !== message.at_ms) item.classList.add("new");
      known.set(key, message.at_ms);
      section.querySelector("ol").append(item);
    }
    return section;
  }));
  document.getElementById("count").textContent = `${told.number} messages`;
}

function age() {
  for (const meta of document.querySelectorAll(".meta[data-at]"))
    meta.textContent = meta.dataset.how + since(Number(meta.dataset.at));
}

async function look() {
  try {
    const answer = await fetch(`/_messages?version=${version}`);
    if (answer.status === 200) {
      const told = await answer.json();
      version = told.version;
      if (told.number) draw(told);
    }
    document.body.classList.remove("away");
  } catch {
    document.getElementById("count").textContent = "The receivers do not answer.";
  }
  age();
  setTimeout(look, EVERY_MS);
}

look();
