// What is wrong with a setting stands under its field, which is marked, and described by it to a screen reader.
window.tunesmithFieldErrors = (props, watch) => {
  const mark = (field, line) => {
    for (const input of field.querySelectorAll("input, textarea")) {
      input.toggleAttribute("aria-invalid", Boolean(line));
      if (line) {
        input.setAttribute("aria-invalid", "true");
        input.setAttribute("aria-describedby", line.id);
      } else input.removeAttribute("aria-describedby");
    }
  };
  const show = () => {
    const wrong = props.value || {};
    for (const line of document.querySelectorAll(".ts-field-error")) {
      if (line.dataset.field in wrong) continue;
      mark(line.parentElement, null);
      line.remove();
    }
    for (const [id, words] of Object.entries(wrong)) {
      const field = document.getElementById(id);
      if (!field) continue; // it is folded away, and the panel beside says it
      let line = document.getElementById(`${id}-error`);
      if (!line) {
        line = document.createElement("p");
        Object.assign(line, { id: `${id}-error`, className: "ts-field-error" });
        line.dataset.field = id;
        line.setAttribute("role", "alert");
        field.append(line);
      }
      if (line.textContent !== words) line.textContent = words;
      mark(field, line);
    }
  };
  watch("value", show);
  show();
  // Folded fields are built when they are shown.
  document.addEventListener("click", (event) => event.target.closest(".ts-advanced") && setTimeout(show, 500));
};
