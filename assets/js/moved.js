// The hidden texts of the page (components/html.py), and who listens to them. A text has `moved` when it is another one
// than it was; Gradio makes hidden parts anew at many updates and reports a "change" each time. Whoever listens to
// several hears once of all that has moved together, and one who draws something out of sight not before that is seen.
(() => {
  const known = {}; // by the text's name: what it was last
  const tells = {}; // by the text's name: how its part tells an event
  const listeners = {}; // by the text's name: {event, teller, where} of each that listens to it
  const due = new Map(); // by teller and event: where it has to be in sight

  const seen = (where) => !where || document.querySelector(where)?.checkVisibility();
  let soon = false;
  let later = null;
  // At once, and yet after all that came with the same answer: before the page is drawn, which can take a while.
  const plan = () => {
    if (soon) return;
    soon = true;
    queueMicrotask(tell);
  };
  const tell = () => {
    soon = false;
    clearTimeout(later);
    for (const [key, { event, teller, where }] of [...due]) {
      if (!tells[teller] || !seen(where)) continue;
      due.delete(key);
      tells[teller](event);
    }
    if (due.size) later = setTimeout(tell, 200);
  };
  document.addEventListener("click", () => due.size && setTimeout(tell)); // on another tab, perhaps

  window.tunesmithHidden = (props, watch, trigger) => {
    tells[props.name] = trigger;
    listeners[props.name] = props.listeners;
    const look = () => {
      const old = known[props.name];
      known[props.name] = props.value;
      if (!props.value || old === props.value) return;
      for (const one of listeners[props.name]) due.set(`${one.teller} ${one.event}`, one);
      plan();
    };
    watch("value", look);
    look();
  };
})();
