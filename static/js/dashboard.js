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

  const light = (fill) => fill.match(/[\d.]+/g).slice(0, 3).map((part) => part / 255)
    .map((part) => (part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);

  // White or ink, whichever is easier to read on a colour.
  const onto = (fill) => (1.05 / (light(fill) + 0.05) >= 4.5 ? "#fff" : "#1f2328");

  const read = (figure) => {
    const table = figure.querySelector("[data-table]");
    const per = Number(figure.dataset.per || 1);
    const columns = [...table.querySelectorAll("thead th[data-tone]")].map((cell) => ({ name: cell.textContent, tone: cell.dataset.tone, sign: cell.dataset.sign }));
    const rows = [...table.querySelectorAll("tbody tr")].map((row) => ({
      name: row.querySelector("th").textContent,
      cells: [...row.querySelectorAll("td[data-value]")].map((cell) => ({
        value: cell.dataset.value === "" ? null : Number(cell.dataset.value) / per,
        text: cell.textContent.trim(),
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
    // Pixels one column has, and those of the longest line: words stand where there is room for them.
    const slot = (place.clientWidth - 72) / rows.length;
    const longest = Math.max(...rows.map((row) => row.cells.reduce((sum, cell) => sum + (cell.value || 0), 0)));
    const room = lies ? place.clientWidth - 160 : place.clientHeight - 72;
    const isWhole = shape === "bars" || shape === "line";
    const isNamed = shape === "columns" && !columns[0].sign && slot >= 56;
    const thick = isNamed ? Math.min(96, slot * 0.8) : 36;
    const names = {
      type: "category", data: rows.map((row) => row.name), inverse: lies, axisTick: { show: false },
      axisLabel: { ...text, interval: lies || slot >= 56 ? 0 : "auto", formatter: (name) => (lies ? name : name.replace(" ", "\n")) },
    };
    const numbers = { type: "value", axisLabel: text, minInterval: shape === "line" || figure.dataset.per ? 0 : 1 };
    const written = (cell, column) => {
      const pixels = (room * (cell.value || 0)) / longest;
      if (isWhole || cell.value === null) return cell.value === null ? "" : cell.text;
      if (pixels < (lies ? 12 : 14)) return "";
      if (column.sign) return lies && pixels < 34 ? cell.text : `${column.sign} ${cell.text}`;
      if (isNamed && thick >= 88) return `${column.name} ${cell.text}`;
      return isNamed && pixels >= 32 ? `${column.name}\n${cell.text}` : cell.text;
    };
    const chart = window.echarts.init(place, null, { renderer: "canvas" });
    chart.setOption({
      animation: false,
      textStyle: text,
      grid: { left: 8, right: 24, top: 16, bottom: 8, containLabel: true },
      xAxis: lies ? numbers : names,
      yAxis: lies ? names : numbers,
      series: columns.map((column, index) => {
        const fill = colour(column.tone);
        return {
          name: column.name,
          type: shape === "line" ? "line" : "bar",
          stack: shape === "line" ? undefined : "all",
          barMaxWidth: thick,
          symbolSize: 9,
          itemStyle: { color: fill },
          lineStyle: { color: fill },
          label: {
            show: true,
            position: isWhole ? (lies ? "right" : "top") : "inside",
            color: isWhole ? text.color : onto(fill),
            formatter: ({ dataIndex }) => written(rows[dataIndex].cells[index], column),
            ...(isNamed ? { width: thick, overflow: "truncate" } : {}),
          },
          data: rows.map((row) => row.cells[index].value),
        };
      }),
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
