// Which pick on this page an event tells: requests overtake each other, and the last pick counts (components/draft.py).
{
  const page = Math.random().toString(36).slice(2);
  let number = 0;
  window.tunesmithTurn = () => ({ page, number: ++number });
}

// Gradio writes new HTML over the old, part by part: a radio button that somebody has pressed stays pressed where it
// stands, though another option stands there now, and where a part is made anew the keyboard's place in it is lost.
// After each such change this presses what the HTML says, and puts the keyboard back to it.
window.tunesmithChoices = (element, watch) => {
  let group = ""; // the radio buttons in which the keyboard is
  element.addEventListener("focusin", (event) => (group = event.target.type === "radio" ? event.target.name : ""));
  document.addEventListener("pointerdown", (event) => element.contains(event.target) || (group = ""));
  document.addEventListener("focusin", (event) => element.contains(event.target) || (group = ""));
  watch("value", () => {
    for (const input of element.querySelectorAll("[type=radio], [type=checkbox]")) {
      input.checked = input.hasAttribute("checked");
    }
    for (const option of element.querySelectorAll("option")) option.selected = option.hasAttribute("selected");
    const at = document.activeElement;
    if (group && (at === document.body || element.contains(at))) {
      element.querySelector(`[name="${group}"]:checked`)?.focus({ preventScroll: true });
    }
  });
};
