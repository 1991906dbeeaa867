// Shows what the push service brings, and opens what it is about when it is pressed.
self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  let said = {};
  try {
    said = event.data ? event.data.json() : {};
  } catch {
    said = { body: event.data.text() };
  }
  event.waitUntil(self.registration.showNotification(said.title || "ArbEdge", {
    body: said.body || "", tag: said.tag || undefined, silent: Boolean(said.silent),
    data: { url: said.url || "/" }, icon: "/static/arbedge/mark.svg",
  }));
});

// Only this site's own pages are opened: links in messages lead through /go/.
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const url = new URL(event.notification.data?.url || "/", self.location.origin);
  const target = url.origin === self.location.origin ? url.href : self.location.origin;
  event.waitUntil((async () => {
    const pages = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
    const there = pages.find((page) => page.url === target);
    return there ? there.focus() : self.clients.openWindow(target);
  })());
});
