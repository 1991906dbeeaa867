// Switches web push on and off for this browser. Without JavaScript the page says that it needs it.
(async () => {
  const box = document.getElementById("push");
  if (!box) return;
  const button = box.querySelector("button");
  const words = box.querySelector("[role=status]");
  const say = (text, wrong = false) => { words.textContent = text; words.classList.toggle("bad", wrong); };
  if (!("serviceWorker" in navigator) || !("PushManager" in window)) {
    say("This browser cannot take push messages. On an iPhone, add ArbEdge to the home screen first.");
    return;
  }

  const bytes = (text) => Uint8Array.from(
    atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const tell = async (url, subscription) => {
    const answer = await fetch(url, {
      method: "POST", credentials: "same-origin", body: JSON.stringify(subscription),
      headers: { "Content-Type": "application/json", "X-CSRFToken": box.dataset.csrf },
    });
    if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).message || "It was not taken.");
  };

  const worker = await navigator.serviceWorker.register("/push-worker.js", { scope: "/" });
  let held = await worker.pushManager.getSubscription();
  const show = () => {
    button.hidden = false;
    button.textContent = held ? "Switch off in this browser" : "Switch on in this browser";
  };
  const on = async () => {
    if (await Notification.requestPermission() !== "granted") {
      throw new Error("The browser does not allow it. Allow notifications for this site, then try again.");
    }
    await navigator.serviceWorker.ready;
    const fresh = await worker.pushManager.subscribe({
      userVisibleOnly: true, applicationServerKey: bytes(box.dataset.key),
    });
    try {
      await tell(box.dataset.on, fresh);
    } catch (error) {
      await fresh.unsubscribe();
      throw error;
    }
  };
  const off = async () => {
    await tell(box.dataset.off, held);
    await held.unsubscribe();
  };

  show();
  button.addEventListener("click", async () => {
    button.disabled = true;
    say("");
    try {
      await (held ? off() : on());
      window.location.reload();
    } catch (error) {
      say(error.message, true);
    } finally {
      button.disabled = false;
    }
  });
})();
