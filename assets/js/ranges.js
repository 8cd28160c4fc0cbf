// What a search tries for each setting: two ends and a scale, or choices to tick. The value is JSON text of all rows,
// made by components/search_fields.py and written back here as it is typed.
(() => {
  const make = (tag, options = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), options);
    node.append(...children);
    return node;
  };

  window.tunesmithRanges = (element, props, trigger, watch) => {
    let written = null; // what we put into the value ourselves
    let state = { grid: false, rows: [] };
    const read = () => {
      try {
        state = { grid: false, rows: [], ...JSON.parse(props.value || "{}") };
      } catch {
        state = { grid: false, rows: [] };
      }
    };
    const changed = () => {
      written = JSON.stringify(state);
      props.value = written;
      trigger("input");
      trigger("change");
    };

    const number = (row, key, words) => {
      const field = make("input", { type: "number", value: row[key] ?? "", step: row.whole || key === "points" ? 1 : "any" });
      field.setAttribute("aria-label", `${row.title}: ${words.toLowerCase()}`);
      field.addEventListener("input", () => {
        row[key] = field.value === "" ? null : Number(field.value);
        changed();
      });
      return make("label", {}, make("span", { textContent: words }), field);
    };
    const scale = (row) => {
      const field = make("select");
      field.append(new Option("even factors (log)", "log", false, row.log), new Option("even steps", "even", false, !row.log));
      field.setAttribute("aria-label", `${row.title}: scale`);
      field.addEventListener("change", () => {
        row.log = field.value === "log";
        changed();
      });
      return make("label", {}, make("span", { textContent: "In" }), field);
    };
    const choices = (row) => row.options.map((option) => {
      const box = make("input", { type: "checkbox", checked: option[2] });
      box.addEventListener("change", () => {
        option[2] = box.checked;
        changed();
      });
      return make("label", { className: "ts-range-choice" }, box, make("span", { textContent: option[0] }));
    });
    const line = (row) => {
      const field = make("fieldset", { className: "ts-range", id: `range-${row.name}` }, make("legend", { textContent: row.title }));
      if (row.options) field.append(...choices(row));
      else {
        field.append(number(row, "low", "Lowest"), number(row, "high", "Highest"), scale(row));
        if (state.grid) field.append(number(row, "points", "Values"));
        if (row.now !== null && row.now !== undefined) {
          field.append(make("p", { className: "ts-help", textContent: `Now ${Number(row.now)} in the run above.` }));
        }
      }
      return field;
    };
    const draw = () => {
      read();
      element.querySelector(".ts-ranges").replaceChildren(...state.rows.map(line));
      document.dispatchEvent(new CustomEvent("tunesmith:ranges"));
    };
    watch("value", () => {
      if (props.value === written) return;
      written = null;
      draw();
      trigger("change");
    });
    draw();
  };

  // A link to a folded part opens it.
  window.tunesmithUnfold = (element) => {
    element.addEventListener("click", (event) => {
      const link = event.target.closest("[data-unfold]");
      if (!link) return;
      event.preventDefault();
      const part = document.getElementById(link.dataset.unfold);
      const button = part?.querySelector("button");
      if (!button) return;
      if (!part.querySelector("#search-fields")?.offsetParent) button.click();
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      part.scrollIntoView({ block: "start", behavior: calm ? "auto" : "smooth" });
      button.focus({ preventScroll: true });
    });
  };
})();
