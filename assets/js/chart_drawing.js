// What Plotly is given for the value of components/live_charts.py, and the legend above it. `set` is {smoothing, log},
// `zoom` null or {x, y}. This file is loaded before charts.js.
(() => {
  const token = (name) => getComputedStyle(document.body).getPropertyValue(`--ts-${name}`).trim();

  const traces = (value, set) => {
    const base = value.mean.x.length ? value.mean : value.raw;
    const smoothed = set.smoothing && value.noisy && base.x.length > 2;
    const both = value.check.x.length > 0;
    const number = `%{y:${value.ticks}}`;
    const found = [
      {
        ...value.raw, name: both && !smoothed ? "training rows" : "each step",
        mode: smoothed || value.raw.x.length < 3 ? "markers" : "lines+markers", hovertemplate: number,
        marker: { color: token("p1"), size: 4, opacity: smoothed ? 0.45 : 0.8 },
        line: { color: token("p1"), width: 1.25 },
      },
    ];
    if (smoothed) {
      found.push({
        ...window.tunesmithSmooth(base, set.smoothing, set.log), name: "smoothed",
        mode: "lines", hovertemplate: number, line: { color: token("p1"), width: 3 },
      });
    }
    if (both) {
      found.push({
        ...value.check, name: "check rows", mode: "lines+markers", hovertemplate: number,
        line: { color: token("p2"), width: 2.5, dash: "dash" },
        marker: { color: token("p2"), size: value.check.x.length > 40 ? 5 : 9, symbol: "diamond" },
      });
    }
    if (value.best) {
      found.push({
        x: [value.best.x], y: [value.best.y], name: "best so far", mode: "markers", hoverinfo: "skip",
        marker: { color: token("ink"), size: 18, symbol: "circle-open", line: { width: 2 } },
      });
    }
    return found;
  };

  const ends = (value) => [-value.steps * 0.02, Math.max(value.steps, value.step, 1) * 1.02];

  // The values to be seen between two steps, with some air around them; nothing where there is none.
  const span = (value, [from, to], log) => {
    const seen = [value.raw, value.check].flatMap(({ x, y }) => y.filter((_, at) => from <= x[at] && x[at] <= to));
    if (!seen.length) return undefined;
    const scaled = log ? seen.map(Math.log10) : seen;
    const [low, high] = [Math.min(...scaled), Math.max(...scaled)];
    const air = (high - low || Math.abs(high) || 1) * 0.07;
    return [low - air, high + air];
  };

  const layout = (value, set, zoom) => {
    const axis = {
      gridcolor: token("grid"), linecolor: token("edge"), zeroline: false, tickfont: { size: 13, color: token("ink2") },
    };
    const annotations = [];
    const shapes = [];
    if (value.live && value.step < value.steps) {
      shapes.push({
        type: "rect", xref: "x", yref: "paper", x0: value.step, x1: value.steps, y0: 0, y1: 1, layer: "below",
        fillcolor: token("sunken"), line: { width: 0 },
      });
      if (value.step < value.steps * 0.75 && !zoom) {
        annotations.push({
          x: (value.step + value.steps) / 2, y: 1, yref: "paper", yanchor: "top", yshift: -8, showarrow: false,
          text: "still to come", font: { size: 13, color: token("ink2") },
        });
      }
    }
    if (value.best) {
      const late = value.best.x > value.steps * 0.7;
      annotations.push({
        x: value.best.x, y: set.log ? Math.log10(value.best.y) : value.best.y, yshift: 22, showarrow: false,
        xanchor: late ? "right" : "left", bgcolor: token("surface"), opacity: 0.9,
        text: `<b>${value.best.words}</b>`, font: { size: 13, color: token("ink") },
      });
    }
    if (value.raw.x.length + value.check.x.length === 0) {
      annotations.splice(0, 2, {
        x: 0.5, y: 0.5, xref: "paper", yref: "paper", showarrow: false,
        text: "The curves begin with the first step.", font: { size: 15, color: token("ink2") },
      });
      shapes.length = 0;
      axis.visible = false;
    }
    const across = zoom?.x ?? ends(value);
    return {
      autosize: true, showlegend: false, hovermode: "x unified",
      // A finger scrolls the page and asks for a value; what it cannot do then, the buttons below do.
      dragmode: matchMedia("(pointer: coarse)").matches ? false : "zoom",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 56, r: 14, t: 14, b: 40 },
      font: { family: "Source Sans Pro, system-ui, sans-serif", size: 13, color: token("ink2") },
      hoverlabel: { bgcolor: token("surface"), bordercolor: token("edge"), font: { color: token("ink"), size: 13 } },
      xaxis: {
        ...axis, showgrid: false, showline: true, range: across, hoverformat: ",d",
        title: { text: "steps", font: { size: 13 }, standoff: 6 }, unifiedhovertitle: { text: "Step %{x}" },
      },
      yaxis: {
        ...axis, type: set.log ? "log" : "linear", range: zoom?.y ?? span(value, across, set.log), nticks: 6,
        tickformat: value.ticks, title: value.unit ? { text: value.unit, font: { size: 13 }, standoff: 6 } : undefined,
      },
      annotations, shapes,
    };
  };

  const line = (colour, dash, mark) =>
    `<svg width="26" height="12" aria-hidden="true"><path d="M0 6h26" stroke="var(--ts-${colour})" stroke-width="3"` +
    ` ${dash ? 'stroke-dasharray="7 4"' : ""}/>${mark}</svg>`;
  const dot = '<svg width="8" height="8" aria-hidden="true"><circle cx="4" cy="4" r="3" fill="var(--ts-p1)"/></svg>';
  const diamond = '<path d="m13 1 5 5-5 5-5-5z" fill="var(--ts-p2)"/>';
  const legend = (value, smoothed) => {
    const both = value.check.x.length > 0;
    const found = [`<span>${dot}${both ? "Training rows, each step" : "Each step"}</span>`];
    if (smoothed) found.push(`<span>${line("p1", false, "")}${both ? "Training rows, smoothed" : "Smoothed"}</span>`);
    if (both) found.push(`<span>${line("p2", true, diamond)}Check rows (validation)</span>`);
    return both || smoothed ? found.join("") : "";
  };

  window.tunesmithDrawing = { token, traces, layout, legend };
})();
