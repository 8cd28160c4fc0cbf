// What is wrong with a setting stands under its field, which is marked, and described by it to a screen reader.
// from: whose fields these are; each form takes away its own lines only.
window.tunesmithFieldErrors = (props, watch, from = "settings") => {
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
    for (const line of document.querySelectorAll(`.ts-field-error[data-from="${from}"]`)) {
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
        Object.assign(line.dataset, { field: id, from });
        line.setAttribute("role", "alert");
        field.append(line);
      }
      if (line.textContent !== words) line.textContent = words;
      mark(field, line);
    }
  };
  watch("value", show);
  show();
  document.addEventListener("tunesmith:ranges", show); // drawn anew
  // Folded fields are built when they are shown.
  document.addEventListener("click", (event) => event.target.closest(".ts-advanced") && setTimeout(show, 500));
};
