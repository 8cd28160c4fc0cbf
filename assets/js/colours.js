// Light or dark: follows the system until the person chooses, then their choice is remembered in this browser.
(() => {
  const KEY = "tunesmith-colours";
  const remembered = () => localStorage.getItem(KEY);
  const isDark = () => document.body.classList.contains("dark");

  const mark = () => {
    for (const button of document.querySelectorAll("[data-colours]")) {
      button.setAttribute("aria-pressed", String((button.dataset.colours === "dark") === isDark()));
    }
  };

  const settle = () => {
    const wish = remembered();
    if (wish && (wish === "dark") !== isDark()) {
      document.body.classList.toggle("dark", wish === "dark");
      return; // the observer calls again
    }
    mark();
    document.dispatchEvent(new CustomEvent("tunesmith:colours"));
  };

  const begin = () => {
    // Gradio sets the class when its page is mounted and when the system changes; we have the last word.
    new MutationObserver(settle).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    settle();
  };

  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-colours]");
    if (!button) return;
    localStorage.setItem(KEY, button.dataset.colours);
    settle();
  });

  window.tunesmithColours = { mark };
  if (document.body) begin();
  else document.addEventListener("DOMContentLoaded", begin);
})();
