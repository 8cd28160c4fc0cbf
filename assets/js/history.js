// The table of runs: search and filters hide rows in the browser, and ticks outlive a new table.
(() => {
  const MOST = 8; // runs that can be compared at once, as in history_table.py
  const ticked = []; // ids, in the order in which they were ticked
  const rowsNow = () => [...document.querySelectorAll("#history tbody tr")];

  const options = (select, found) => {
    const entries = [["", "any"], ...[...found].sort((one, other) => one[1].localeCompare(other[1]))];
    const now = JSON.stringify(entries);
    if (select.dataset.drawn === now) return;
    const chosen = select.value;
    select.dataset.drawn = now;
    select.replaceChildren(...entries.map(([value, words]) => new Option(words, value)));
    select.value = entries.some(([value]) => value === chosen) ? chosen : "";
  };

  window.tunesmithRunTools = (tools) => {
    const search = tools.querySelector("input[type=search]");
    const [tags, state] = tools.querySelectorAll("select");
    const archived = tools.querySelector("[data-archived]");
    const count = tools.querySelector(".ts-run-count");

    const show = () => {
      const rows = rowsNow();
      options(tags, new Map(rows.flatMap((row) => row.dataset.tags.split("|").filter(Boolean).map((tag) => [tag, tag]))));
      options(state, new Map(rows.map((row) => [row.dataset.state, row.dataset.said])));
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      let away = 0;
      for (const row of rows) {
        const hidden = "away" in row.dataset && !archived.checked;
        const fits = words.every((word) => row.dataset.words.includes(word))
          && (!tags.value || row.dataset.tags.split("|").includes(tags.value))
          && (!state.value || row.dataset.state === state.value);
        row.hidden = hidden || !fits;
        shown += !row.hidden;
        away += hidden;
      }
      tools.hidden = !rows.length;
      const said = `${shown} of ${rows.length} ${rows.length === 1 ? "run" : "runs"}${away ? `, ${away} archived` : ""}`;
      if (count.textContent !== said) count.textContent = said;
    };

    tools.addEventListener("input", show);
    tools.addEventListener("change", show);
    document.addEventListener("tunesmith:runs", show);
    show();
  };

  window.tunesmithRuns = (element, watch, open, compare) => {
    // Gradio writes a new table over the old one row by row, and a tick would stay where it stood.
    const settle = () => {
      const rows = rowsNow();
      const there = ticked.filter((id) => rows.some((row) => row.dataset.id === id));
      const gone = there.length < ticked.length;
      ticked.splice(0, ticked.length, ...there);
      for (const row of rows) {
        const box = row.querySelector("input");
        box.checked = ticked.includes(row.dataset.id);
        box.disabled = !box.checked && ticked.length >= MOST;
        box.title = box.disabled ? `At most ${MOST} runs can be compared` : "";
      }
      document.dispatchEvent(new CustomEvent("tunesmith:runs"));
      if (gone) compare(ticked.join(","));
    };
    element.addEventListener("change", (event) => {
      const row = event.target.closest("tr[data-id]");
      if (!row || event.target.type !== "checkbox") return;
      const id = row.dataset.id;
      if (event.target.checked) ticked.push(id);
      else ticked.splice(ticked.indexOf(id), 1);
      settle();
      compare(ticked.join(","));
    });
    element.addEventListener("click", (event) => {
      const row = event.target.closest("tr[data-id]");
      if (row && !event.target.closest(".ts-tick")) open(row.dataset.id);
    });
    window.tunesmithUntick = () => {
      ticked.length = 0;
      settle();
      compare("");
    };
    watch("value", () => requestAnimationFrame(settle));
    settle();
  };

  // The lineage: each run in it leads to that run.
  window.tunesmithLinks = (element, open) => {
    element.addEventListener("click", (event) => {
      const link = event.target.closest("[data-run]");
      if (link) open(link.dataset.run);
    });
  };

  // The question before a run, or another thing, is deleted; the answer goes to Python through the dialog's own gr.HTML.
  window.tunesmithDelete = (facts = "#run-facts", name = "delete") => {
    const source = document.querySelector(`${facts} [data-delete]`);
    const dialog = document.querySelector(`#confirm-${name} dialog`);
    if (!source || !dialog || dialog.open) return;
    dialog.dataset.run = source.dataset.delete;
    dialog.returnValue = "";
    dialog.querySelector(`#${name}-title`).textContent = `Delete “${source.dataset.name}”?`;
    dialog.querySelector(`#${name}-text`).textContent = source.dataset.lost;
    dialog.showModal();
    dialog.querySelector(`#${name}-keep`).focus();
  };
})();
