// The big chart: Plotly drawn in place. What of it a person has set (figure, smoothing, log scale) is remembered in this
// browser; zoom stays until another figure or run is shown. Colours come from the tokens, so it is drawn again when the
// theme changes. The value, `value` below, is made by components/live_charts.py.
(() => {
  const { token, traces, layout, legend } = window.tunesmithDrawing;
  const KEY = "tunesmith-chart";
  const picture = { width: 1200, height: 675, scale: 2 };

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

  const remembered = () => {
    try {
      return { figure: "loss", smoothing: 50, log: false, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
    } catch {
      return { figure: "loss", smoothing: 50, log: false }; // written by another hand
    }
  };

  // `element` is the gr.HTML part, `props.value` the value, `watch` calls back when it changes, `picked` tells the
  // page that another figure is wanted, `server.curves` makes the table.
  const chart = (element, props, watch, picked, server) => {
    const is = (name) => element.querySelector(`[data-is="${name}"]`);
    const node = element.querySelector(".ts-plot");
    const wish = remembered();
    let drawn = "";
    let shown = ""; // the run and figure that the zoom belongs to
    let zoom = null; // {x, y}: what the axes show, y as the axis counts (in powers of ten on a log scale)

    const lowest = (value) => Math.min(...value.raw.y, ...value.check.y);
    const why = (value) => {
      const low = lowest(value);
      if (low > 0) return "";
      return `No log scale here: it needs values above zero, and the lowest is ${low === 0 ? "0" : low.toPrecision(3)}.`;
    };
    const setting = (value) => ({ smoothing: wish.smoothing, log: wish.log && lowest(value) > 0 });

    const tools = (value) => {
      const pick = is("figure");
      const options = value.figures.map(([key, title]) => new Option(title, key));
      if (options.map((one) => one.value + one.text).join() !== [...pick.options].map((one) => one.value + one.text).join()) {
        pick.replaceChildren(...options);
      }
      const known = value.figures.some(([key]) => key === wish.figure);
      pick.value = known ? wish.figure : value.figure;
      const log = is("log");
      log.checked = setting(value).log;
      log.disabled = why(value) !== "";
      const slider = is("smoothing");
      slider.value = value.noisy ? wish.smoothing : 0;
      slider.disabled = !value.noisy;
      const strength = value.noisy && wish.smoothing ? `${wish.smoothing} %` : "none";
      is("smoothed").textContent = strength;
      slider.setAttribute("aria-valuetext", strength);
      is("why").textContent = [why(value), value.noisy ? "" : "Nothing to smooth: it is planned, not measured."]
        .filter(Boolean).join(" ");
      is("title").textContent = value.title;
      is("help").textContent = value.help;
      const words = legend(value, value.noisy && wish.smoothing > 0);
      if (is("legend").innerHTML !== words) is("legend").innerHTML = words;
      element.querySelector("[data-do=whole]").disabled = !zoom;
      element.querySelector("[data-do=closer]").disabled = value.raw.x.length + value.check.x.length < 4;
    };

    const draw = async (again = false) => {
      const value = props.value;
      if (!value?.raw) return;
      if (shown !== `${value.run} ${value.figure}`) zoom = null;
      shown = `${value.run} ${value.figure}`;
      tools(value);
      if (node.offsetParent === null) return; // not on show
      const now = JSON.stringify(value);
      if (now === drawn && !again) return;
      drawn = now;
      node.setAttribute("aria-label", value.sentence);
      const library = await load(node.dataset.plotly);
      const set = setting(value);
      await library.react(node, traces(value, set), layout(value, set, zoom), { displayModeBar: false, doubleClick: false });
      if (node.dataset.listening) return;
      node.dataset.listening = "yes";
      node.on("plotly_relayout", (told) => {
        if (!Object.keys(told).some((key) => /^[xy]axis\.range/.test(key))) return;
        const tall = Object.keys(told).some((key) => key.startsWith("yaxis"));
        zoom = { x: [...node.layout.xaxis.range], y: tall ? [...node.layout.yaxis.range] : zoom?.y ?? null };
        draw(true);
      });
      node.on("plotly_doubleclick", () => look(null));
    };
    const look = (wanted) => {
      zoom = wanted;
      draw(true);
    };
    const remember = () => {
      localStorage.setItem(KEY, JSON.stringify(wish));
      draw(true);
    };

    // The wanted figure goes to the server, which sends its curves.
    const show = (figure) => {
      wish.figure = window.tunesmithFigure = figure;
      remember();
      picked();
    };
    is("figure").addEventListener("change", (event) => show(event.target.value));
    document.addEventListener("click", (event) => {
      const card = event.target.closest?.("#run-figures [data-figure]");
      if (!card || !element.isConnected) return;
      show(card.dataset.figure);
      const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
      is("title").scrollIntoView({ block: "nearest", behavior: calm ? "auto" : "smooth" });
    });
    is("smoothing").addEventListener("input", (event) => {
      wish.smoothing = Number(event.target.value);
      remember();
    });
    is("log").addEventListener("change", (event) => {
      wish.log = event.target.checked;
      zoom &&= { x: zoom.x, y: null };
      remember();
    });

    const closer = (value) => {
      const known = [...value.raw.x, ...value.check.x];
      const last = Math.max(...known);
      const from = Math.max(zoom?.x[0] ?? 0, Math.min(...known));
      look({ x: [from + (last - from) / 2, last + (last - from) * 0.02], y: null });
    };
    // The page's own fonts are not there inside a picture: words are laid out in one that is.
    const png = async (value) => {
      const library = await load(node.dataset.plotly);
      const set = setting(value);
      const data = traces(value, set).map((one) => ({ ...one, showlegend: one.name !== "best so far" }));
      const page = layout(value, set, zoom);
      await library.downloadImage(
        {
          data,
          layout: {
            ...page, ...picture, autosize: false, showlegend: data.length > 1, margin: { l: 80, r: 40, t: 100, b: 60 },
            font: { ...page.font, family: "Arial, Helvetica, sans-serif" },
            paper_bgcolor: token("surface"), plot_bgcolor: token("surface"),
            legend: { orientation: "h", x: 1, xanchor: "right", y: 1.02, yanchor: "bottom" },
            title: {
              text: `<b>${value.title}</b>`, subtitle: { text: plainText(value.name) }, x: 0.03,
              font: { size: 22, color: token("ink") },
            },
          },
        },
        { format: "png", ...picture, filename: `${value.file}-${value.figure}`.replace(/[^\w-]+/g, "-") },
      );
    };
    const csv = async (value) => {
      is("said").textContent = "Writing the table.";
      const found = await server.curves(value.run);
      if (found.problem) return found.problem;
      const link = document.createElement("a");
      link.href = `/gradio_api/file=${found.path.split("/").map(encodeURIComponent).join("/")}`;
      link.download = found.name;
      link.click();
      return `${found.name} is in your downloads.`;
    };
    element.addEventListener("click", async (event) => {
      const button = event.target.closest("[data-do]");
      const value = props.value;
      if (!button || !value?.raw) return;
      const does = { closer, png, csv, whole: () => look(null) }[button.dataset.do];
      is("said").textContent = "";
      try {
        is("said").textContent = (await does(value)) ?? "";
      } catch {
        is("said").textContent = "That did not work. Is the studio still running? Then try it once more.";
      }
    });

    keepDrawn(node, watch, draw);
    if (wish.figure !== "loss") show(wish.figure);
    draw();
  };

  // Plotly takes a few tags for its own.
  const plainText = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;");

  // draw: anew with each value and where the part has another width; draw(true) where the colours are others.
  const keepDrawn = (node, watch, draw) => {
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
  };

  window.tunesmithChart = chart;
  window.tunesmithKeepDrawn = keepDrawn;
})();
