// The curves of several runs in one picture, drawn in place by Plotly. Each has a colour and a kind of line of its own,
// and its name at its end; on a narrow page the names stand in the list below alone.
(() => {
  const COLOURS = ["p1", "p2", "p3", "p4"];
  const DASHES = ["solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "2px 6px", "12px 3px 3px 3px"];
  const SYMBOLS = ["circle", "diamond", "square", "triangle-up", "x", "star", "pentagon", "cross"];
  const SMOOTH = 50; // as the big chart begins with
  const GAP = 17; // pixels between two names
  const MARGIN = { l: 52, t: 14, b: 40 };
  const token = (name) => getComputedStyle(document.body).getPropertyValue(`--ts-${name}`).trim();
  const look = (at) => ({ colour: token(COLOURS[at % COLOURS.length]), dash: DASHES[at], symbol: SYMBOLS[at] });
  const short = (name) => (name.length > 25 ? `${name.slice(0, 12)}…${name.slice(-12)}` : name); // both ends tell runs apart

  // The loss chart may have asked for the same file already.
  const load = (address) => new Promise((resolve, reject) => {
    if (window.Plotly) return resolve(window.Plotly);
    let script = document.querySelector(`script[src="${CSS.escape(address)}"], script[src="${address}"]`);
    if (!script) {
      script = document.createElement("script");
      script.src = address;
      document.head.append(script);
    }
    script.addEventListener("load", () => resolve(window.Plotly));
    script.addEventListener("error", reject);
  });

  // Names at the ends of the curves, moved apart where they would lie over one another.
  const labels = (lines, height) => {
    const values = lines.flatMap((line) => line.y);
    const low = Math.min(...values);
    const high = Math.max(...values);
    const room = height - MARGIN.t - MARGIN.b;
    const ends = lines
      .map((line, at) => ({ line, at, y: line.y.at(-1) }))
      .filter((end) => end.line.y.length)
      .map((end) => ({ ...end, place: high > low ? (room * (high - end.y)) / (high - low) : room / 2 }))
      .sort((one, other) => one.place - other.place);
    let last = -Infinity;
    return ends.map(({ line, at, y, place }) => {
      const moved = Math.max(place, last + GAP);
      last = moved;
      return {
        x: line.x.at(-1), y, xanchor: "left", xshift: 8, yshift: place - moved, showarrow: false,
        text: short(line.name).replace(/&/g, "&amp;").replace(/</g, "&lt;"),
        font: { size: 13, color: look(at).colour },
      };
    });
  };

  const legend = (list, lines) => {
    list.replaceChildren(...lines.map((line, at) => {
      const { colour, dash } = look(at);
      const strokes = { solid: "", dash: "9 5", dot: "2 4", dashdot: "8 4 2 4", longdash: "15 5", longdashdot: "14 4 2 4" };
      const item = document.createElement("li");
      const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      swatch.setAttribute("width", "44");
      swatch.setAttribute("height", "8");
      swatch.setAttribute("aria-hidden", "true");
      const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
      path.setAttribute("d", "M0 4h44");
      path.setAttribute("style", `stroke:${colour};stroke-width:3;stroke-dasharray:${strokes[dash] ?? dash.replaceAll("px", "")}`);
      swatch.append(path);
      item.append(swatch, line.y.length ? line.name : `${line.name}: not measured`);
      return item;
    }));
  };

  window.tunesmithOverlay = (element, props, watch) => {
    const node = element.querySelector(".ts-plot");
    let drawn = "";
    const draw = async (again = false) => {
      const value = props.value;
      if (!value?.lines) return;
      node.hidden = !value.lines.some((line) => line.y.length); // no axes where there is nothing to draw
      if (node.hidden) legend(element.querySelector(".ts-overlay-names"), value.lines);
      if (node.offsetParent === null) return;
      const now = JSON.stringify([value, node.offsetWidth]);
      if (now === drawn && !again) return;
      drawn = now;
      node.setAttribute("aria-label", value.sentence);
      legend(element.querySelector(".ts-overlay-names"), value.lines);
      const wide = node.offsetWidth > 600;
      const axis = {
        gridcolor: token("grid"), linecolor: token("edge"), zeroline: false, tickfont: { size: 13, color: token("ink2") },
      };
      const lines = value.lines.map((line) => (line.checks ? line : { ...line, ...window.tunesmithSmooth(line, SMOOTH) }));
      const traces = lines.map((line, at) => {
        const { colour, dash, symbol } = look(at);
        return {
          x: line.x, y: line.y, name: short(line.name), hovertemplate: "%{y:.4~g}",
          mode: line.checks ? "lines+markers" : "lines",
          line: { color: colour, width: 2.5, dash }, marker: { color: colour, size: 8, symbol },
        };
      });
      const layout = {
        uirevision: value.keep, autosize: true, showlegend: false, hovermode: "x unified", dragmode: "zoom",
        paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { ...MARGIN, r: wide ? 190 : 14 },
        font: { family: "Source Sans Pro, system-ui, sans-serif", size: 13, color: token("ink2") },
        hoverlabel: { bgcolor: token("surface"), bordercolor: token("edge"), font: { color: token("ink"), size: 13 } },
        xaxis: {
          ...axis, showgrid: false, showline: true, hoverformat: "d", unifiedhovertitle: { text: "Step %{x}" },
          title: { text: "steps", font: { size: 13 }, standoff: 6 },
        },
        yaxis: { ...axis, tickformat: ".3~g", nticks: 6 },
        annotations: wide ? labels(lines, node.offsetHeight) : [],
      };
      const library = await load(node.dataset.plotly);
      await library.react(node, traces, layout, { displayModeBar: false, displaylogo: false });
    };
    window.tunesmithKeepDrawn(node, watch, draw);
    draw();
  };
})();
