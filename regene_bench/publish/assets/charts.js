// Draws each chart when it comes into view or time is left, and again when the colour scheme changes.
// The library that draws is larger than the page, and comes when the first chart wants it.
(() => {
  "use strict";
  const address = document.currentScript.dataset.library;
  let library;
  const loaded = () => {
    library ||= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.addEventListener("load", resolve);
      script.addEventListener("error", () => {
        library = undefined;
        reject(new Error(`${address} cannot be read`));
      });
      document.head.append(script);
    });
    return library;
  };

  const config = JSON.parse(document.getElementById("chart-config").textContent);

  const themed = () => {
    const style = getComputedStyle(document.documentElement);
    const [ink, grid] = ["--ink", "--rule"].map((name) => style.getPropertyValue(name).trim());
    const text = { labelColor: ink, titleColor: ink };
    return {
      ...config,
      background: "transparent",
      axis: { ...config.axis, ...text, gridColor: grid, domainColor: grid, tickColor: grid },
      legend: { ...config.legend, ...text },
      rule: { color: ink },
    };
  };

  // as many names side by side as the width has room for
  const fitLegends = (spec, width) => {
    for (const layer of spec.layer || []) {
      for (const channel of ["color", "shape"]) {
        const legend = layer.encoding[channel]?.legend;
        if (!legend) continue;
        const longest = Math.min(44, Math.max(...legend.values.map((name) => name.length)));
        legend.columns = Math.max(1, Math.floor((width - 40) / (7 * longest + 30)));
      }
    }
  };

  const draw = async (box) => {
    const spec = JSON.parse(document.getElementById(box.dataset.chart).textContent);
    const look = themed();
    fitLegends(spec, box.clientWidth);
    const tooltip = { theme: getComputedStyle(document.documentElement).colorScheme === "dark" ? "dark" : "light" };
    await vegaEmbed(box, { ...spec, width: "container", autosize: { type: "fit-x", contains: "padding" } }, {
      mode: "vega-lite",
      renderer: "svg",
      actions: { export: true, source: false, compiled: false, editor: false },
      config: look,
      tooltip,
    });
    // the library's menu has no name for those who cannot see it
    const menu = box.querySelector("details > summary");
    if (menu) menu.setAttribute("aria-label", "Save the chart as a picture");
    box.dataset.drawn = "yes";
  };

  const seen = new Set();
  let theme = 0;
  const show = async (box) => {
    if (seen.has(box)) return;
    observer.unobserve(box);
    seen.add(box);
    try {
      await loaded();
      // the colours may change meanwhile
      for (let drawn = -1; drawn !== theme;) {
        drawn = theme;
        await draw(box);
      }
    } catch (error) {
      // one chart that cannot be drawn does not keep the others from it
      box.textContent = `This cannot be drawn (${error.message}); its data stand below.`;
      box.dataset.drawn = "no";
    }
  };
  const observer = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) show(entry.target);
  }, { rootMargin: "400px" });
  const boxes = document.querySelectorAll("[data-chart]");
  boxes.forEach((box) => observer.observe(box));

  // a page that is printed or saved has all of its charts
  const whenIdle = window.requestIdleCallback || ((work) => setTimeout(work, 50));
  const showNext = async () => {
    const next = [...boxes].find((box) => !seen.has(box));
    if (!next) return;
    await show(next);
    whenIdle(showNext);
  };
  if (document.readyState === "complete") whenIdle(showNext);
  else addEventListener("load", () => whenIdle(showNext));
  document.addEventListener("themechange", () => {
    theme += 1;
    seen.forEach((box) => { if (box.dataset.drawn === "yes") draw(box); });
  });
})();
