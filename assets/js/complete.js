// Names of columns while a template is typed: a list under the text after "{", and chips that put a name in.
(() => {
  const field = () => document.querySelector("#template textarea");
  const names = () => [...document.querySelectorAll("#template-columns [data-column]")].map((chip) => chip.dataset.column);
  let list; // the open list, or undefined
  let from = 0; // where the name being typed begins
  let at = 0; // the suggestion that Enter takes

  const close = () => {
    list?.remove();
    list = undefined;
    field()?.removeAttribute("aria-activedescendant");
    field()?.setAttribute("aria-expanded", "false");
  };

  const put = (text, start, end) => {
    const area = field();
    area.focus();
    area.setSelectionRange(start, end);
    // As if it had been typed: it can be undone, and Gradio hears of it, which it does not after setRangeText.
    document.execCommand("insertText", false, text);
  };

  const take = (name) => {
    const area = field();
    const rest = area.value.slice(area.selectionStart).match(/^[^{}\n]*(?=\})\}?/)?.[0] ?? "";
    put(`${name}}`, from, area.selectionStart + rest.length);
    close();
  };

  const mark = () => {
    [...list.children].forEach((item, number) => item.setAttribute("aria-selected", String(number === at)));
    field().setAttribute("aria-activedescendant", list.children[at].id);
    list.children[at].scrollIntoView({ block: "nearest" });
  };

  const look = () => {
    const area = field();
    const before = area.value.slice(0, area.selectionStart);
    const open = before.match(/(?:^|[^{])(?:\{\{)*\{([^{}\n]*)$/); // a brace that is not one of a pair
    const typed = open?.[1].trimStart().toLowerCase();
    const fitting = open ? names().filter((name) => name.toLowerCase().includes(typed)) : [];
    close();
    if (!fitting.length || (fitting.length === 1 && fitting[0] === open[1])) return;
    from = before.length - open[1].length;
    at = 0;
    fitting.sort((a, b) => b.toLowerCase().startsWith(typed) - a.toLowerCase().startsWith(typed));
    list = document.createElement("ul");
    list.className = "ts-complete";
    list.id = "template-names";
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Columns");
    fitting.slice(0, 12).forEach((name, number) => {
      const item = document.createElement("li");
      item.id = `template-name-${number}`;
      item.setAttribute("role", "option");
      item.textContent = name;
      item.addEventListener("mousedown", (event) => { event.preventDefault(); take(name); });
      list.append(item);
    });
    area.parentElement.append(list);
    area.setAttribute("role", "combobox");
    area.setAttribute("aria-expanded", "true");
    area.setAttribute("aria-controls", list.id);
    mark();
  };

  document.addEventListener("input", (event) => { if (event.target === field()) look(); });
  document.addEventListener("focusout", (event) => { if (event.target === field()) close(); });
  document.addEventListener("keydown", (event) => {
    if (event.target !== field() || !list) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) at = (at + step + list.children.length) % list.children.length;
    if (step) mark();
    else if (event.key === "Enter" || event.key === "Tab") take(list.children[at].textContent);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  document.addEventListener("click", (event) => {
    const chip = event.target.closest?.("#template-columns [data-column]");
    if (chip) put(`{${chip.dataset.column}}`, field().selectionStart, field().selectionEnd);
  });
})();
