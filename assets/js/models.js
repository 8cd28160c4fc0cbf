// The models' table: search and filters hide rows in the browser; the server draws them all.
window.tunesmithModels = (tools) => {
  const search = tools.querySelector("input[type=search]");
  const chips = [...tools.querySelectorAll("[data-show]")];
  const none = tools.querySelector(".ts-none");

  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const wanted = chips.filter((chip) => chip.getAttribute("aria-pressed") === "true").map((chip) => chip.dataset.show);
    const rows = [...document.querySelectorAll("#models tbody tr")];
    let shown = 0;
    for (const row of rows) {
      const is = row.dataset.is.split(" ");
      const fits = wanted.every((one) => is.includes(one)) && words.every((word) => row.dataset.words.includes(word));
      row.hidden = !fits && !row.querySelector("input:checked"); // what is chosen is never out of sight
      shown += !row.hidden;
    }
    none.textContent = rows.length ? `${shown} of ${rows.length} models` : "";
  };

  search.addEventListener("input", show);
  tools.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-show]");
    if (!chip) return;
    chip.setAttribute("aria-pressed", chip.getAttribute("aria-pressed") !== "true");
    show();
  });
  const table = document.getElementById("models");
  if (table) new MutationObserver(show).observe(table, { childList: true, subtree: true });
  show();
};
