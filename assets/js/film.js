// The film of a run's answers: one slider over its checks. Answers are only ever set as text, never as HTML.
(() => {
  const BEAT = 1200; // ms that each check is shown while it plays
  // Where somebody stands, also when Gradio makes the part anew: the step, or null for the newest check, which is
  // followed.
  const at = { run: "", step: null };

  const make = (tag, options = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), options);
    node.append(...children);
    return node;
  };

  const TAGS = { "": "span", "+": "ins", "-": "del" };
  const words = (answer) => {
    if (!answer) return [make("i", { className: "ts-muted", textContent: "Not asked at this check." })];
    const pieces = answer.pieces.filter(([, text]) => text);
    if (!pieces.some(([kind, text]) => kind !== "-" && text.trim())) pieces.push(["", "(nothing)"]);
    const nodes = pieces.map(([kind, text]) => make(TAGS[kind], { textContent: text }));
    if (answer.cut) nodes.push(make("span", { className: "ts-muted", textContent: " … (cut off here)" }));
    return nodes;
  };

  const fact = (name, ...children) => make("div", {}, make("dt", { textContent: name }), make("dd", {}, ...children));

  const film = (element, props, watch) => {
    const part = (name) => element.querySelector(name);
    const frames = () => props.value?.frames ?? [];
    const told = (frame) => [frame.where, frame.figure].filter(Boolean).join(", ");
    let playing = null;

    // Steps that were taken back leave the last check before them.
    const place = () => {
      const last = frames().length - 1;
      if (at.step === null) return last;
      return Math.max(0, frames().findLastIndex((frame) => frame.step <= at.step));
    };

    const stand = (index) => {
      at.step = index >= frames().length - 1 ? null : frames()[index].step;
      draw();
    };

    const hold = () => {
      clearInterval(playing);
      playing = null;
      const button = part(".ts-film-play");
      button.textContent = "Play";
      button.setAttribute("aria-pressed", "false");
    };

    const play = () => {
      if (at.step === null) stand(0);
      const button = part(".ts-film-play");
      button.textContent = "Hold here";
      button.setAttribute("aria-pressed", "true");
      playing = setInterval(() => {
        if (!element.isConnected) return clearInterval(playing);
        stand(place() + 1);
        if (at.step === null) hold();
      }, BEAT);
    };

    const draw = () => {
      const value = props.value;
      if (!value?.frames) return;
      if (value.run !== at.run) Object.assign(at, { run: value.run, step: null });
      const there = frames().length > 0;
      part(".ts-film-words").textContent = value.words;
      part(".ts-film-words").hidden = there;
      part(".ts-film-controls").hidden = part(".ts-film-key").hidden = !there;
      const index = place();
      const list = part(".ts-film-answers");
      if (!there) return list.replaceChildren();
      const frame = frames()[index];
      const slider = part("input");
      slider.max = frames().length - 1;
      slider.value = index;
      slider.setAttribute("aria-valuetext", told(frame));
      slider.disabled = part(".ts-film-play").disabled = frames().length < 2;
      part("output").replaceChildren(make("b", { textContent: frame.where }), frame.figure ? `, ${frame.figure}` : "");
      list.replaceChildren(...value.questions.map((question, number) => {
        const facts = make("dl", {}, fact("It answers", ...words(frame.answers[number])));
        if (question.expected) facts.append(fact("Expected", question.expected));
        return make("li", {}, make("h3", { textContent: question.prompt }), facts);
      }));
    };

    element.addEventListener("input", (event) => {
      if (!event.target.matches("input[type=range]")) return;
      if (playing) hold();
      stand(Number(event.target.value));
    });
    element.addEventListener("click", (event) => {
      if (event.target.closest(".ts-film-play")) playing ? hold() : play();
    });
    watch("value", () => {
      if (playing && props.value?.run !== at.run) hold();
      draw();
    });
    draw();
  };

  window.tunesmithFilm = film;
})();
