// What a run that is paused or has failed offers (components/ending_view.py), and the report of any run.
(() => {
  const PLACES = ["data", "model"];

  // An action is asked for once: until the part is drawn anew, or an answer says why not, later presses do nothing.
  window.tunesmithEnding = (element, ask, watch) => {
    let asked = false;
    const again = () => { asked = false; };
    watch("value", again);
    element.addEventListener("click", (event) => {
      const button = event.target.closest("[data-action]");
      if (!button) return;
      const { action } = button.dataset;
      const { run } = button.closest("[data-run]").dataset;
      if (PLACES.includes(action)) window.tunesmithGo(action);
      else if (action === "history") inner("History");
      else if (action === "report") report(run);
      else if (action === "discard") window.tunesmithStop("#live-head [data-run]", "away");
      else if (!asked) {
        asked = true;
        setTimeout(again, 4000);
        (action === "set_up" ? ask.refill : ask.act)({ run, action });
      }
    });
  };

  const inner = (name) => {
    const tabs = [...document.querySelectorAll("#train-tabs [role=tab]")];
    const tab = tabs.find((one) => one.textContent.trim() === name);
    tab?.click();
    tab?.focus();
  };

  const report = (run) => {
    const dialog = document.querySelector("#report-dialog dialog");
    if (!dialog || dialog.open || !run) return;
    dialog.dataset.run = run;
    dialog.returnValue = "";
    dialog.showModal();
    dialog.querySelector("#report-save").focus();
  };

  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-report]")) report(document.querySelector("#live-head [data-run]")?.dataset.run);
  });

  // Saved as any download; the page stays.
  window.tunesmithFetch = (address) => {
    if (!address) return;
    const link = document.createElement("a");
    link.href = address;
    link.download = decodeURIComponent(address.split("/").pop().split("?")[0]);
    link.click();
  };
})();
