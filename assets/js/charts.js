// The loss chart: Plotly drawn in place, so that zoom and hover survive every new point. Colours come from the tokens,
// so it is drawn again when the theme changes.
(() => {
  const token = (name) => getComputedStyle(document.body).getPropertyValue(`--ts-${name}`).trim();

  let plotly = null;
  const load = (address) => {
    plotly ??= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = () => resolve(window.Plotly);
      script.onerror = reject;
      document.head.append(script);
    });
    return plotly;
  };

  const traces = (value) => {
    const found = [
      {
        ...value.raw, name: "each step", mode: "markers", hoverinfo: "skip",
        marker: { color: token("p1"), size: 4, opacity: 0.45 },
      },
      {
        ...value.training, name: "training", mode: "lines", hovertemplate: "%{y:.2f}",
        line: { color: token("p1"), width: 3 },
      },
      {
        ...value.check, name: "check rows", mode: "lines+markers", hovertemplate: "%{y:.2f}",
        line: { color: token("p2"), width: 2.5, dash: "dash" },
        marker: { color: token("p2"), size: 9, symbol: "diamond" },
      },
    ];
    if (value.best) {
      found.push({
        x: [value.best.x], y: [value.best.y], name: "best so far", mode: "markers", hoverinfo: "skip",
        marker: { color: token("ink"), size: 18, symbol: "circle-open", line: { width: 2 } },
      });
    }
    return found;
  };

  const layout = (value) => {
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
      if (value.step < value.steps * 0.75) {
        annotations.push({
          x: (value.step + value.steps) / 2, y: 1, yref: "paper", yanchor: "top", yshift: -8, showarrow: false,
          text: "still to come", font: { size: 13, color: token("ink2") },
        });
      }
    }
    if (value.best) {
      const late = value.best.x > value.steps * 0.7;
      annotations.push({
        x: value.best.x, y: value.best.y, yshift: 22, showarrow: false, xanchor: late ? "right" : "left",
        bgcolor: token("surface"), opacity: 0.9,
        text: `<b>best so far ${value.best.y.toFixed(2)}</b>`, font: { size: 13, color: token("ink") },
      });
    }
    const empty = value.training.x.length + value.check.x.length === 0;
    if (empty) {
      annotations.splice(0, 1, {
        x: 0.5, y: 0.5, xref: "paper", yref: "paper", showarrow: false,
        text: "The curves begin with the first step.", font: { size: 15, color: token("ink2") },
      });
      shapes.length = 0;
      axis.visible = false;
    }
    return {
      uirevision: value.keep, autosize: true, showlegend: false, hovermode: "x unified", dragmode: "zoom",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", margin: { l: 40, r: 14, t: 14, b: 40 },
      font: { family: "Source Sans Pro, system-ui, sans-serif", size: 13, color: token("ink2") },
      hoverlabel: { bgcolor: token("surface"), bordercolor: token("edge"), font: { color: token("ink"), size: 13 } },
      xaxis: {
        ...axis, showgrid: false, showline: true, range: [-value.steps * 0.02, Math.max(value.steps, 1) * 1.02],
        title: { text: "steps", font: { size: 13 }, standoff: 6 }, hoverformat: "d", unifiedhovertitle: { text: "Step %{x}" },
      },
      yaxis: { ...axis, rangemode: "normal", tickformat: ".2~f", nticks: 6 },
      annotations, shapes,
    };
  };

  // `element` is the gr.HTML part, `props.value` what charts.py made, `watch` calls back when the value changes.
  const chart = (element, props, watch) => {
    const node = element.querySelector(".ts-plot");
    let drawn = "";
    const draw = async (again = false) => {
      const value = props.value;
      if (!value?.raw || node.offsetParent === null) return; // nothing to draw, or not on show
      const now = JSON.stringify(value);
      if (now === drawn && !again) return;
      drawn = now;
      node.setAttribute("aria-label", value.sentence);
      const library = await load(node.dataset.plotly);
      await library.react(node, traces(value), layout(value), { displayModeBar: false, displaylogo: false });
    };
    watch("value", () => draw());
    document.addEventListener("tunesmith:colours", () => draw(true));
    // Also called when the tab comes into view, which gives the part its width.
    let width = 0;
    new ResizeObserver(async () => {
      if (node.offsetWidth === width) return;
      width = node.offsetWidth;
      await draw();
      if (width && node.data) window.Plotly.Plots.resize(node);
    }).observe(node);
    draw();
  };

  window.tunesmithChart = chart;
})();
