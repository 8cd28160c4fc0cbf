// What is typed into the settings while an answer is on its way that fills them anew is typed once more: it stands.
// The page counts what is typed. The mark, which goes with every request, says how far it had counted then, and each
// filling brings that number back (components/fillings.py).
(() => {
  const FIELD = '[id^="setting-"]';
  const typed = new Map(); // by the field's id: the number of what was typed last into it, and its value
  const page = Math.random().toString(36).slice(2);
  let number = 0;
  let filling = "";
  let repeating = false;
  let mark = null;

  const tell = () => mark && (mark.value = `${page} ${filling} ${number}`);
  const inputOf = (id) => document.getElementById(id)?.querySelector("input, textarea");
  const shown = (input) => (input.type === "checkbox" ? input.checked : input.value);
  const write = (input, value) => {
    if (input.type === "checkbox") return input.click();
    const kind = input.tagName === "TEXTAREA" ? HTMLTextAreaElement : HTMLInputElement;
    Object.getOwnPropertyDescriptor(kind.prototype, "value").set.call(input, value); // as a person would
    input.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const again = () => {
    repeating = true;
    for (const [id, { value }] of typed) {
      const input = inputOf(id);
      if (input && shown(input) !== value) write(input, value);
    }
    repeating = false;
  };

  document.addEventListener(
    "input",
    ({ target }) => {
      const field = target.closest(FIELD);
      if (!field || repeating || target.getAttribute("role") === "listbox") return; // a list's own filter, not its choice
      typed.set(field.id, { number: ++number, value: shown(target) });
      tell();
    },
    true, // before Gradio sends it
  );
  window.tunesmithMark = (props) => {
    mark = props;
    tell();
  };
  window.tunesmithFilled = (props, watch) =>
    watch("value", () => {
      const [name, counted] = props.value.split(" ");
      if (name === filling) return;
      filling = name;
      tell();
      for (const [id, one] of [...typed]) if (one.number <= Number(counted)) typed.delete(id);
      setTimeout(again); // once the fields show the filling
      setTimeout(again, 300); // those that come part by part
    });
})();
