// The colour scheme: as the system, light or dark; kept for the next page.
(() => {
  "use strict";
  const KEY = "regene-bench-theme";
  const MODES = { "": "as the system", light: "light", dark: "dark" };
  const root = document.documentElement;
  const read = () => {
    // pages opened from a disk may have no storage
    try { return localStorage.getItem(KEY) || ""; } catch { return ""; }
  };
  const apply = (mode) => {
    root.dataset.theme = mode in MODES ? mode : "";
    document.dispatchEvent(new CustomEvent("themechange"));
  };
  apply(read());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => apply(root.dataset.theme));

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.getElementById("theme");
    const modes = Object.keys(MODES);
    const show = () => { button.querySelector("span").textContent = MODES[root.dataset.theme]; };
    button.hidden = false;
    button.addEventListener("click", () => {
      const next = modes[(modes.indexOf(root.dataset.theme) + 1) % modes.length];
      try { localStorage.setItem(KEY, next); } catch { /* it lasts for this page */ }
      apply(next);
      show();
    });
    show();
    for (const copy of document.querySelectorAll("[data-copy]")) {
      if (!navigator.clipboard) continue;
      copy.hidden = false;
      copy.addEventListener("click", async () => {
        await navigator.clipboard.writeText(copy.previousElementSibling.textContent);
        copy.textContent = "Copied";
      });
    }
    const open = () => {
      const target = document.getElementById(location.hash.slice(1));
      if (!target) return;
      for (let box = target; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
      target.scrollIntoView();
    };
    addEventListener("hashchange", open);
    open();
    // a print has the details of every line
    addEventListener("beforeprint", () => {
      for (const box of document.querySelectorAll(".line > details")) box.open = true;
    });
  });
})();
