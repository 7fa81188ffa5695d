// Tables that sort by a click on a heading, filter by words and method, and turn pages.
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

  const sorted = (rows, column, descending) => {
    const keyed = rows.map((row) => [value(row, column), row]);
    const filled = keyed.filter(([key]) => key !== null).sort(([a], [b]) => compare(a, b));
    if (descending) filled.reverse();
    // what has no value stands last either way
    return [...filled, ...keyed.filter(([key]) => key === null)].map(([, row]) => row);
  };

  const counted = (lines) => `${lines} line${lines === 1 ? "" : "s"}`;

  const enhance = (box) => {
    const table = box.querySelector("table");
    const body = table.tBodies[0];
    const controls = box.querySelector(".controls");
    const [search, select, costs] = controls.querySelectorAll("input[type=search], select, input[type=checkbox]");
    const pager = controls.querySelector(".pager");
    const all = [...body.rows];
    const texts = new Map(all.map((row) => [row, row.textContent.toLowerCase()]));
    const headings = [...table.tHead.rows[0].cells];
    const size = Number(box.dataset.size);
    let order = all;
    let page = 0;

    const render = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      const shown = order.filter((row) =>
        (!select.value || row.dataset.method === select.value) &&
        words.every((word) => texts.get(row).includes(word)));
      const last = Math.max(0, Math.ceil(shown.length / size) - 1);
      page = Math.min(Math.max(page, 0), last);
      body.replaceChildren(...shown.slice(page * size, (page + 1) * size));
      pager.hidden = last === 0;
      const of = shown.length === all.length ? counted(all.length) : `${shown.length} of ${counted(all.length)}`;
      controls.querySelector(".status").textContent = last ? `${of}, page ${page + 1} of ${last + 1}` : of;
    };

    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const descending = heading.getAttribute("aria-sort") === "ascending";
        for (const other of headings) other.removeAttribute("aria-sort");
        heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
        order = sorted(all, column, descending);
        page = 0;
        render();
      });
    });

    for (const method of new Set(all.map((row) => row.dataset.method))) select.add(new Option(method, method));
    const hideCosts = () => table.classList.toggle("no-costs", !costs.checked);
    headings.forEach((heading, column) => {
      if (heading.dataset.group === "cost") for (const row of all) row.cells[column].classList.add("cost");
    });
    search.addEventListener("input", () => { page = 0; render(); });
    select.addEventListener("input", () => { page = 0; render(); });
    costs.addEventListener("input", hideCosts);
    controls.addEventListener("submit", (event) => event.preventDefault());
    for (const step of pager.querySelectorAll("button")) {
      step.addEventListener("click", () => { page += Number(step.dataset.step); render(); });
    }
    controls.hidden = false;
    render();
  };

  document.querySelectorAll(".sortable").forEach(enhance);
})();
