// What a person is told when a run that was live has ended: in the page's title until they look at the page, in a strip
// below the tabs that is spoken, and, if they asked for it, by a message of their desktop.
(() => {
  const KEY = "tunesmith-tell";
  const EVERY = 10_000; // milliseconds between two questions while the page is out of sight
  let live = sessionStorage.getItem(KEY) ?? ""; // id of the run that was live when last looked at; survives a reload
  let going = ""; // the title that the run bar asks for
  let ended = ""; // the title of an ending that nobody has seen
  let strip = null;
  let showRun = () => {};
  let ask = null; // the server, once the strip stands
  let shown = ""; // the run in the run bar

  const title = () => (document.title = ended || going || "Tunesmith");
  const watch = (run) => {
    live = run;
    sessionStorage.setItem(KEY, run);
  };
  const looked = () => {
    if (!ended || document.hidden) return;
    ended = "";
    title();
  };
  for (const event of ["focus", "pointerdown", "keydown"]) window.addEventListener(event, looked);
  document.addEventListener("visibilitychange", looked);

  // Called with each new run bar: "" for the run when none is live.
  const bar = (run, wanted) => {
    going = wanted;
    shown = run;
    title();
    if (run === live) return;
    if (live) look();
    else watch(run);
  };

  let asking = false;
  const look = async () => {
    if (!live || !ask || asking) return;
    asking = true;
    try {
      const found = await ask(live);
      if (found.live === live) return;
      const run = live;
      watch(found.live);
      if (found.news) announce(run, found.news);
    } catch {
      // The server is away; Gradio's page says so, and asks again when it is back.
    } finally {
      asking = false;
    }
  };
  setInterval(() => (document.hidden || shown !== live) && look(), EVERY);

  const is = (name) => strip?.querySelector(`[data-is="${name}"]`);
  const announce = (run, news) => {
    ended = news.title;
    title();
    if (strip) {
      strip.dataset.run = run;
      is("news").textContent = `${news.title}. ${news.words}`;
      is("doing").hidden = false;
    }
    if (wished() && state() === "granted") {
      try {
        // The same tag from several tabs is shown once.
        const message = new Notification(news.title, { body: news.words, tag: run, icon: "/favicon.ico" });
        message.onclick = () => {
          window.focus();
          message.close();
          open();
        };
      } catch {
        // Chrome on Android gives messages to installed pages only; title and strip have said it.
      }
    }
  };
  const away = () => {
    is("news").textContent = "";
    is("doing").hidden = true;
  };
  const open = () => {
    showRun(strip.dataset.run);
    away();
  };

  // `element` is the strip's gr.HTML, `show` brings a run, `server.end_of` tells how one ended.
  const begin = (element, show, server) => {
    strip = element;
    showRun = show;
    ask = (run) => server.end_of(run);
    element.addEventListener("click", (event) => {
      const does = event.target.closest("[data-do]")?.dataset.do;
      if (does) ({ open, away })[does]();
    });
    look(); // it may have ended while the page was loaded anew
  };

  // "granted", "default" (not asked yet), "denied", or "none" where the browser has no such thing.
  const state = () => (window.isSecureContext && "Notification" in window ? Notification.permission : "none");
  const wished = () => localStorage.getItem(KEY) === "yes";
  const REFUSED = {
    none: "This browser gives no desktop messages from a page at this address. The page's title tells it.",
    denied: "Your browser refuses messages from this page. You can allow them beside the page's address.",
  };
  const offer = (element) => {
    const button = element.querySelector("[role=switch]");
    const show = () => {
      const on = wished() && state() === "granted";
      button.setAttribute("aria-checked", String(on));
      button.disabled = state() === "none";
      const asked = wished() || state() === "none";
      element.querySelector("[data-is=refused]").textContent = asked ? (REFUSED[state()] ?? "") : "";
    };
    button.addEventListener("click", async () => {
      const on = button.getAttribute("aria-checked") === "true";
      localStorage.setItem(KEY, on ? "no" : "yes");
      if (!on && state() === "default") await Notification.requestPermission();
      show();
    });
    show();
  };

  window.tunesmithNews = { bar, begin, offer };
})();
