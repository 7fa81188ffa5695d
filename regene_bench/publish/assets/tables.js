// Tables that sort by a click on a heading, filter by words and method, choose columns and turn pages.
// What is chosen stands in the address, so that it can be sent to others; back takes a choice back.
(() => {
  "use strict";

  const value = (row, column) => {
    const text = row.cells[column].dataset.value;
    const number = Number(text);
    return text === "" ? null : Number.isNaN(number) ? text : number;
  };

  const compare = (a, b) => {
    if (typeof a === "number" && typeof b === "number") return a - b;
    return String(a).localeCompare(String(b), "en", { numeric: true });
  };

  // `nearest` is the value that the best are nearest to, where there is one
  const sorted = (rows, column, descending, nearest) => {
    const keyed = rows.map((row) => [value(row, column), row]);
    const far = ([key, row]) => [Math.abs(key - nearest), row];
    const filled = keyed.filter(([key]) => key !== null)
      .map((pair) => (nearest === null ? pair : far(pair))).sort(([a], [b]) => compare(a, b));
    if (descending) filled.reverse();
    // what has no value stands last either way
    return [...filled, ...keyed.filter(([key]) => key === null)].map(([, row]) => row);
  };

  const counted = (lines) => `${lines} line${lines === 1 ? "" : "s"}`;

  // "noise_dim=4" is a whole parameter, not the beginning of "noise_dim=40"
  const matches = (word, text) => {
    const place = text.indexOf(word);
    if (place < 0 || !word.includes("=")) return place >= 0;
    return text.split(/[\s,[\]]+/).some((part) => part === word);
  };

  const enhance = (box) => {
    const table = box.querySelector("table");
    const body = table.tBodies[0];
    const controls = box.querySelector(".controls");
    const [search, select, costs] = controls.querySelectorAll("input[type=search], select, .check input");
    const pager = controls.querySelector(".pager");
    const all = [...body.rows];
    const texts = new Map(all.map((row) => [row, row.textContent.toLowerCase()]));
    const headings = [...table.tHead.rows[0].cells];
    let size = Number(box.dataset.size);
    const name = box.closest("section").getAttribute("aria-labelledby");
    let order = all;
    let page = 0;
    let sort = "";
    const boxes = new Map();

    // every choice is a step of the history, the letters of a word are not
    const keep = (step = true) => {
      const state = new URLSearchParams();
      if (search.value) state.set("filter", search.value);
      if (select.value) state.set("method", select.value);
      if (sort) state.set("sort", sort);
      const hidden = [...boxes].filter(([, shown]) => !shown.checked).map(([heading]) => heading.dataset.key);
      if (hidden.length) state.set("without", hidden.join(" "));
      const text = state.toString();
      const address = location.href.split("#")[0] + (text ? `#${name}?${text}` : "");
      if (address === location.href) return;
      // the address has this table's choices, the state those of all
      const every = { ...history.state, [name]: text };
      if (step) history.pushState(every, "", address);
      else history.replaceState(every, "", address);
    };

    const render = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const shown = order.filter((row) =>
        (!select.value || row.dataset.method === select.value) &&
        words.every((word) => matches(word, texts.get(row))));
      const last = Math.max(0, Math.ceil(shown.length / size) - 1);
      page = Math.min(Math.max(page, 0), last);
      body.replaceChildren(...shown.slice(page * size, (page + 1) * size));
      pager.hidden = last === 0;
      const of = shown.length === all.length ? counted(all.length) : `${shown.length} of ${counted(all.length)}`;
      controls.querySelector(".status").textContent = last ? `${of}, page ${page + 1} of ${last + 1}` : of;
    };

    const sortBy = (heading, descending) => {
      const first = heading.dataset.first;
      const nearest = first === "ascending" || first === "descending" ? null : Number(first);
      for (const other of headings) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      order = sorted(all, headings.indexOf(heading), descending, nearest);
      page = 0;
      sort = `${heading.dataset.key}:${descending ? "down" : "up"}`;
      render();
    };

    for (const heading of headings) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        // the first click shows the best
        const now = heading.getAttribute("aria-sort");
        sortBy(heading, sort && now ? now === "ascending" : heading.dataset.first === "descending");
        keep();
      });
    }

    const show = (heading, shown) => {
      const column = headings.indexOf(heading);
      heading.hidden = !shown;
      for (const row of all) row.cells[column].hidden = !shown;
    };
    const choice = controls.querySelector(".choice fieldset");
    for (const heading of headings.filter((one) => one.dataset.group !== "about")) {
      const label = document.createElement("label");
      const tick = document.createElement("input");
      tick.type = "checkbox";
      tick.checked = true;
      label.append(tick, ` ${heading.textContent.replace(/\s+/g, " ").trim()}`);
      choice.append(label);
      boxes.set(heading, tick);
      tick.addEventListener("input", () => { show(heading, tick.checked); keep(); });
    }
    const details = controls.querySelector(".choice");
    document.addEventListener("click", (event) => { if (!details.contains(event.target)) details.open = false; });
    details.addEventListener("keydown", (event) => { if (event.key === "Escape") details.open = false; });
    const showCosts = (shown) => {
      for (const [heading, tick] of boxes) {
        if (heading.dataset.group !== "cost") continue;
        tick.checked = shown;
        show(heading, shown);
      }
    };

    for (const method of new Set(all.map((row) => row.dataset.method))) select.add(new Option(method, method));
    search.addEventListener("input", () => { page = 0; render(); keep(false); });
    select.addEventListener("input", () => { page = 0; render(); keep(); });
    costs.addEventListener("input", () => { showCosts(costs.checked); keep(); });
    controls.addEventListener("submit", (event) => event.preventDefault());
    for (const step of pager.querySelectorAll("button")) {
      step.addEventListener("click", () => { page += Number(step.dataset.step); render(); });
    }
    controls.hidden = false;

    const unsorted = headings.map((heading) => heading.getAttribute("aria-sort"));
    const unsort = () => {
      headings.forEach((heading, column) => {
        if (unsorted[column] === null) heading.removeAttribute("aria-sort");
        else heading.setAttribute("aria-sort", unsorted[column]);
      });
      order = all;
      sort = "";
    };

    const restore = () => {
      const [target, own] = location.hash.slice(1).split("?");
      const here = target === name && own;
      // a link to a place on the page says nothing of choices
      if (!here && !history.state) return;
      const state = new URLSearchParams(here ? own : history.state[name]);
      page = 0;
      search.value = state.get("filter") || "";
      select.value = "";
      if ([...select.options].some((one) => one.value === state.get("method"))) select.value = state.get("method");
      const without = (state.get("without") || "").split(" ");
      for (const [heading, tick] of boxes) {
        tick.checked = !without.includes(heading.dataset.key);
        show(heading, tick.checked);
      }
      const ofCosts = [...boxes].filter(([heading]) => heading.dataset.group === "cost");
      costs.checked = !ofCosts.length || ofCosts.some(([, tick]) => tick.checked);
      const [key, way] = (state.get("sort") || "").split(":");
      const heading = headings.find((one) => one.dataset.key === key);
      if (heading) sortBy(heading, way === "down");
      else unsort();
    };
    restore();
    render();
    // by a link or by hand
    addEventListener("hashchange", () => { restore(); render(); });
    // paper has no pages to turn
    addEventListener("beforeprint", () => { size = Infinity; render(); });
    addEventListener("afterprint", () => { size = Number(box.dataset.size); render(); });
  };

  if (!history.state) history.replaceState({}, "");
  document.querySelectorAll(".sortable").forEach(enhance);

  const dialog = document.getElementById("enlarged");
  const picture = document.createElement("img");
  dialog.append(picture);
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a.sample");
    if (!link || !dialog.showModal || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    const [width, height] = link.dataset.grid.split("x").map(Number);
    picture.src = link.href;
    picture.width = width;
    picture.height = height;
    picture.alt = link.querySelector("img").alt.replace("; enlarge", "");
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
})();
