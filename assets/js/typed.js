// What is typed or picked in the settings while an answer is on its way that fills them anew is put in once more.
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
  const isList = (input) => input.getAttribute("role") === "combobox";
  const pick = (input, value) => {
    if (input === document.activeElement) return; // it is open: what is picked in it comes
    input.dispatchEvent(new FocusEvent("focus")); // opens it, and takes the focus from nothing
    setTimeout(() => {
      const options = [...input.closest(FIELD).querySelectorAll("[role=option]")];
      const option = options.find((one) => one.getAttribute("aria-label") === value);
      option?.dispatchEvent(new MouseEvent("mousedown", { bubbles: true, cancelable: true }));
      input.dispatchEvent(new FocusEvent("blur"));
    });
  };
  const again = () => {
    repeating = true;
    for (const [id, { value }] of typed) {
      const input = inputOf(id);
      if (!input || shown(input) === value) continue;
      if (isList(input)) pick(input, value);
      else write(input, value);
    }
    repeating = false;
  };
  const count = (field, value) => {
    typed.set(field.id, { number: ++number, value });
    tell();
  };

  // All of them before Gradio sends it.
  document.addEventListener(
    "input",
    ({ target }) => {
      const field = target.closest(FIELD);
      if (field && !repeating && !isList(target)) count(field, shown(target)); // in a list it only looks for something
    },
    true,
  );
  document.addEventListener(
    "mousedown",
    ({ target, isTrusted }) => {
      const option = target.closest(`${FIELD} [role=option]`);
      if (option && isTrusted) count(option.closest(FIELD), option.getAttribute("aria-label"));
    },
    true,
  );
  document.addEventListener(
    "keydown",
    ({ target, key }) => {
      const option = key === "Enter" && document.getElementById(target.getAttribute("aria-activedescendant") ?? "");
      if (option && option.closest(FIELD)) count(option.closest(FIELD), option.getAttribute("aria-label"));
    },
    true,
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
