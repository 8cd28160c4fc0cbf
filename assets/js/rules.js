// The rules that earn points. They are drawn here, so that typing needs no server; the value is JSON text of them all.
window.tunesmithRules = (element, props, trigger, watch, server) => {
  const list = () => element.querySelector(".ts-rules-list");
  const read = (value) => {
    if (Array.isArray(value)) return value;
    try {
      const rules = JSON.parse(value || "[]");
      return Array.isArray(rules) ? rules : [];
    } catch {
      return [];
    }
  };
  let rules = read(props.value).map((rule) => ({ weight: 1, ...rule }));
  let written = null; // what we put into the value ourselves
  let asked = 0;
  let timer = null;

  const make = (tag, options = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), options);
    node.append(...children);
    return node;
  };

  // Only what its kind uses, so that the settings have nothing to refuse.
  const clean = (rule) => {
    const kept = { kind: rule.kind };
    if (rule.kind in props.values) kept.value = rule.value ?? "";
    if (rule.kind === "length") {
      for (const end of ["min", "max"]) if (rule[end] != null) kept[end] = rule[end];
    }
    return { ...kept, weight: rule.weight ?? 1, negate: Boolean(rule.negate) };
  };

  const changed = () => {
    written = JSON.stringify(rules.map(clean));
    props.value = written;
    trigger("input");
    trigger("change");
    tryLater();
  };

  const labelled = (words, field, extra = "") => make("label", { className: extra }, make("span", { textContent: words }), field);

  const number = (rule, name, words, limits) => {
    const field = make("input", { type: "number", value: rule[name] ?? "", ...limits });
    field.addEventListener("input", () => {
      rule[name] = field.value === "" ? null : Number(field.value);
      changed();
    });
    return labelled(words, field, "ts-rule-number");
  };

  const row = (rule, index) => {
    const kind = make("select");
    for (const [value, title] of Object.entries(props.kinds)) kind.append(new Option(title, value, false, value === rule.kind));
    kind.addEventListener("change", () => {
      rule.kind = kind.value;
      draw(`[data-rule="${index}"] select`);
      changed();
    });
    const parts = [labelled("What earns points", kind)];
    if (rule.kind in props.values) {
      const value = make("input", { type: "text", value: rule.value ?? "", maxLength: 500, autocomplete: "off", spellcheck: false });
      value.addEventListener("input", () => {
        rule.value = value.value;
        changed();
      });
      parts.push(labelled(props.values[rule.kind], value, "ts-rule-value"));
    }
    if (rule.kind === "length") {
      parts.push(number(rule, "min", "Fewest words", { min: 0, step: 1 }), number(rule, "max", "Most words", { min: 1, step: 1 }));
    }
    parts.push(number(rule, "weight", "Weight", { min: 0.1, max: 100, step: "any" }));
    const opposite = make("input", { type: "checkbox", checked: Boolean(rule.negate) });
    opposite.addEventListener("change", () => {
      rule.negate = opposite.checked;
      changed();
    });
    const out = make("button", { type: "button", className: "ts-button", textContent: "Take out" });
    out.setAttribute("aria-label", `Take out rule ${index + 1}`);
    out.addEventListener("click", () => {
      rules.splice(index, 1);
      draw("[data-add]");
      changed();
    });
    const field = make("fieldset", { className: "ts-rule" }, make("legend", { textContent: `Rule ${index + 1}` }));
    field.dataset.rule = index;
    field.append(...parts, make("label", { className: "ts-rule-check" }, opposite, make("span", { textContent: "Reward the opposite" })), out);
    return field;
  };

  const add = () => {
    rules.push({ kind: Object.keys(props.kinds)[0], weight: 1 });
    draw(`[data-rule="${rules.length - 1}"] select`);
    changed();
  };

  // focus: where a keyboard goes on from, once the rows are new.
  const draw = (focus = null) => {
    list().replaceChildren(...rules.map(row));
    element.querySelector("[data-add]").style.display = rules.length >= props.most ? "none" : "";
    if (focus) (element.querySelector(focus) ?? element.querySelector("select"))?.focus();
  };

  const tryNow = async () => {
    const result = element.querySelector(".ts-rules-result");
    const text = element.querySelector("textarea").value;
    if (!text || !rules.length) return result.replaceChildren();
    const mine = ++asked;
    const { lines, total } = await server.try_rules({ rules: JSON.stringify(rules.map(clean)), text });
    if (mine !== asked) return; // something was typed since
    const body = lines.map(([words, points]) => make("li", {}, make("span", { textContent: words }), make("b", { textContent: points })));
    if (total) body.push(make("li", {}, make("span", { textContent: "All rules together" }), make("b", { textContent: total })));
    result.replaceChildren(make("ol", {}, ...body));
  };
  const tryLater = () => {
    clearTimeout(timer);
    timer = setTimeout(tryNow, 300);
  };

  element.addEventListener("click", (event) => event.target.closest("[data-add]") && add());
  element.addEventListener("input", (event) => event.target.matches("textarea") && tryLater());
  watch("value", () => {
    if (props.value === written) return;
    written = null;
    rules = read(props.value).map((rule) => ({ weight: 1, ...rule }));
    draw();
    tryLater();
    trigger("change");
  });
  draw();
};
