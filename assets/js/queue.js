// The runs that wait. The keyboard stays with the run whose button has it, wherever in the list that is after a change.
window.tunesmithQueue = (element, changed, watch) => {
  let held = null; // the run and the button that have the keyboard, and the place in the list
  const rows = () => [...element.querySelectorAll("li")];
  element.addEventListener("focusin", (event) => {
    const button = event.target.closest("[data-to]");
    held = button && { ...button.dataset, place: rows().indexOf(button.closest("li")) };
  });
  element.addEventListener("focusout", (event) => {
    if (event.relatedTarget && !element.contains(event.relatedTarget)) held = null;
  });
  element.addEventListener("click", (event) => {
    const button = event.target.closest("[data-to]");
    if (button && button.getAttribute("aria-disabled") !== "true") {
      changed({ run: button.dataset.run, to: button.dataset.to });
    }
  });
  watch("value", () => {
    const now = document.activeElement;
    if (!held || (now !== document.body && !element.contains(now))) return;
    const place = held.place;
    const own = rows().find((row) => row.querySelector(`[data-run="${CSS.escape(held.run)}"]`));
    const row = own ?? rows()[Math.min(place, rows().length - 1)];
    const button = row?.querySelector(own ? `[data-to="${held.to}"]` : "[data-to=out]") ?? row?.querySelector("[data-to=up]");
    if (button) button.focus();
    else [...document.querySelectorAll("[role=tab][aria-selected=true]")].pop()?.focus(); // the list is gone
  });
};
