/* Pictures of the dashboard, drawn from its tables on wide screens only. Phones keep the bars and load nothing more. */
(() => {
  "use strict";
  const grid = document.querySelector("[data-echarts]");
  const wide = window.matchMedia("(min-width: 992px)");
  const charts = [];
  let asked = false;

  const print = document.querySelector("[data-print]");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  // Paper shows the numbers too; afterwards each table is as it was.
  let opened = [];
  window.addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll(".dash-table:not([open])")];
    opened.forEach((table) => { table.open = true; });
  });
  window.addEventListener("afterprint", () => opened.forEach((table) => { table.open = false; }));
  if (!grid) return;

  // The colour of a tone is the one its bars have.
  const colour = (tone) => {
    const holder = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("class", `tone-${tone}`);
    holder.append(rect);
    holder.setAttribute("class", "visually-hidden");
    grid.append(holder);
    const found = window.getComputedStyle(rect).fill;
    holder.remove();
    return found;
  };

  const read = (figure) => {
    const table = figure.querySelector("[data-table]");
    const per = Number(figure.dataset.per || 1);
    const columns = [...table.querySelectorAll("thead th[data-tone]")].map((cell) => ({ name: cell.textContent, tone: cell.dataset.tone }));
    const rows = [...table.querySelectorAll("tbody tr")].map((row) => ({
      name: row.querySelector("th").textContent,
      cells: [...row.querySelectorAll("td[data-value]")].map((cell) => ({
        value: cell.dataset.value === "" ? null : Number(cell.dataset.value) / per,
        url: cell.querySelector("a")?.href || "",
      })),
    }));
    return { columns, rows };
  };

  const draw = (figure) => {
    const place = figure.querySelector("[data-canvas]");
    if (!place) return;
    const { columns, rows } = read(figure);
    const { shape } = figure.dataset;
    const lies = shape === "stacked" || shape === "bars";
    if (lies) place.style.height = `${Math.max(8, 4 + rows.length * 2.5)}rem`;
    place.hidden = false;
    figure.classList.add("is-drawn");
    const style = window.getComputedStyle(document.documentElement);
    const text = { color: style.getPropertyValue("--muted").trim(), fontFamily: window.getComputedStyle(document.body).fontFamily };
    const names = { type: "category", data: rows.map((row) => row.name), inverse: lies, axisLabel: { ...text, hideOverlap: true }, axisTick: { show: false } };
    const numbers = { type: "value", axisLabel: text, minInterval: shape === "line" || figure.dataset.per ? 0 : 1 };
    // Numbers stand in or at their bars, where there is room for them.
    const longest = Math.max(...rows.map((row) => row.cells.reduce((sum, cell) => sum + (cell.value || 0), 0)));
    const isWhole = shape === "bars" || shape === "line";
    const label = isWhole ? (lies ? "right" : "top") : "inside";
    const written = (value) => (value === null || (!isWhole && value < longest * 0.06) ? "" : String(Math.round(value * 10) / 10));
    const chart = window.echarts.init(place, null, { renderer: "canvas" });
    chart.setOption({
      animation: false,
      textStyle: text,
      grid: { left: 8, right: 24, top: 16, bottom: 8, containLabel: true },
      xAxis: lies ? numbers : names,
      yAxis: lies ? names : numbers,
      series: columns.map((column, index) => ({
        name: column.name,
        type: shape === "line" ? "line" : "bar",
        stack: shape === "line" ? undefined : "all",
        barMaxWidth: 28,
        symbolSize: 9,
        itemStyle: { color: colour(column.tone) },
        lineStyle: { color: colour(column.tone) },
        label: { show: true, position: label, formatter: ({ value }) => written(value) },
        data: rows.map((row) => row.cells[index].value),
      })),
    });
    chart.on("click", ({ dataIndex, seriesIndex }) => {
      const { url } = rows[dataIndex].cells[seriesIndex];
      if (url) window.location.assign(url);
    });
    charts.push(chart);
  };

  const drawAll = () => document.querySelectorAll("[data-figure]").forEach(draw);

  const load = () => {
    if (asked || !wide.matches) return;
    asked = true;
    const script = document.createElement("script");
    script.src = grid.dataset.echarts;
    script.addEventListener("load", drawAll);
    document.head.append(script);
  };

  wide.addEventListener("change", load);
  window.addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  load();
})();
