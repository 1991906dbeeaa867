// What the server's pages cannot do by themselves: times in the reader's zone, a changed figure's
// blink, and saying so when the page has lost its server.
(() => {
  const seen = new Map();
  const region = () => document.getElementById("live");

  const zone = (root) => root.querySelectorAll("time[datetime]").forEach((time) => {
    const at = new Date(time.dateTime);
    const shown = at.toLocaleString("en-GB", { // as the pages write: day, month, 24 hours
      day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short",
    });
    if (time.textContent === time.title) time.textContent = shown;
    time.title = shown;
  });

  const figures = (mark) => {
    const here = region();
    if (!here) return;
    const first = seen.size === 0;
    const keys = new Set();
    here.querySelectorAll("[data-row]").forEach((row) => {
      const key = row.dataset.row;
      keys.add(key);
      if (mark && !first && !seen.has(key)) row.classList.add("enter");
      const before = seen.get(key) || {};
      const now = {};
      row.querySelectorAll("[data-figure]").forEach((cell) => {
        const name = cell.dataset.figure;
        now[name] = cell.textContent.trim();
        if (mark && before[name] !== undefined && before[name] !== now[name]) {
          cell.classList.add("blink");
          setTimeout(() => cell.classList.remove("blink"), 900);
        }
      });
      seen.set(key, now);
    });
    [...seen.keys()].filter((key) => !keys.has(key)).forEach((key) => seen.delete(key));
  };

  const lost = (is) => document.getElementById("lost")?.classList.toggle("on", is);

  document.addEventListener("DOMContentLoaded", () => { zone(document); figures(false); });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.target !== region()) return;
    zone(region());
    figures(true);
  });
  document.addEventListener("htmx:afterRequest", (event) => lost(!event.detail.successful));
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && region() && window.htmx) window.htmx.trigger(region(), "refresh");
  });
})();
