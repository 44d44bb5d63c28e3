// Draws the dashboard's charts from the JSON in the page, with the theme's Chart. Everything that is said was written
// by the server; here are only places, colours and patterns. A PSP has the same colour, pattern and shape everywhere.

const data = JSON.parse(document.getElementById("dashboard-data")?.textContent ?? "{}");
const root = document.documentElement;

// Colours that people tell apart who do not see red or green, for light and for dark.
const LOOKS = {
  stripe: { light: "#0062a3", dark: "#56b4e9", pattern: "plain", dash: [], point: "circle" },
  adyen: { light: "#00805c", dark: "#2fc79a", pattern: "stripes", dash: [6, 4], point: "rect" },
  braintree: { light: "#c2560c", dark: "#f0a443", pattern: "dots", dash: [2, 3], point: "triangle" },
  opened: { light: "#5b6472", dark: "#a8b0bd", pattern: "plain", dash: [], point: "circle" },
  won: { light: "#00805c", dark: "#2fc79a", pattern: "stripes", dash: [], point: "rect" },
  lost: { light: "#c2560c", dark: "#f0a443", pattern: "dots", dash: [], point: "triangle" },
};
const ANY = { light: "#0b7285", dark: "#4db8c9", pattern: "plain", dash: [], point: "circle" };

const dark = () => root.classList.contains("dark");
const variable = (name) => getComputedStyle(root).getPropertyValue(name).trim();

function fill(look) {
  const colour = look[dark() ? "dark" : "light"];
  if (look.pattern === "plain") return colour;
  const tile = document.createElement("canvas");
  tile.width = tile.height = 8;
  const pen = tile.getContext("2d");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 8, 8);
  pen.strokeStyle = pen.fillStyle = dark() ? "rgb(0 0 0 / 0.45)" : "rgb(255 255 255 / 0.6)";
  if (look.pattern === "stripes") {
    pen.lineWidth = 1.5;
    pen.beginPath();
    for (const x of [-8, 0, 8]) {
      pen.moveTo(x, 8);
      pen.lineTo(x + 8, 0);
    }
    pen.stroke();
  } else {
    for (const [x, y] of [[2, 2], [6, 6]]) {
      pen.beginPath();
      pen.arc(x, y, 1.1, 0, 2 * Math.PI);
      pen.fill();
    }
  }
  return pen.createPattern(tile, "repeat");
}

// Short words for an axis: "1.2M", "850K"; whole numbers where things are counted.
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });

function set(chart, one) {
  const look = LOOKS[one.psp ?? one.kind] ?? ANY;
  const colour = look[dark() ? "dark" : "light"];
  // Where there is nothing there is no bar, not even a short one.
  const values = one.values.map((value) => (value === null || (chart.type === "bar" && !value) ? null : value / (chart.minor ?? 1)));
  if (chart.type === "line") {
    return {
      label: one.label, data: values, said: one.said, borderColor: colour, backgroundColor: colour, borderWidth: 2,
      borderDash: look.dash, pointStyle: look.point, pointRadius: values.length > 40 ? 2 : 4, pointHoverRadius: 6,
      pointBorderWidth: 0, spanGaps: true, tension: 0,
    };
  }
  return {
    label: one.label, data: values, said: one.said, backgroundColor: fill(look), borderColor: colour, borderWidth: 0,
    maxBarThickness: 36, minBarLength: 2, categoryPercentage: 0.8, barPercentage: 0.95, borderRadius: chart.stacked ? 0 : 3,
    borderSkipped: "start",
  };
}

function options(chart) {
  const text = variable(dark() ? "--color-base-300" : "--color-base-600");
  const line = variable(dark() ? "--color-base-800" : "--color-base-200");
  const rate = chart.unit === "%";
  const numbers = {
    stacked: Boolean(chart.stacked), beginAtZero: !rate, max: rate ? 100 : undefined, suggestedMin: rate ? 50 : 0,
    border: { display: false }, grid: { color: line, drawTicks: false },
    ticks: {
      color: text, padding: 8, maxTicksLimit: 6, precision: chart.minor || rate ? undefined : 0,
      callback: (value) => (rate ? `${value} %` : short.format(value)),
    },
  };
  const names = {
    stacked: Boolean(chart.stacked), border: { color: line }, grid: { display: false },
    ticks: { color: text, maxRotation: 0, autoSkip: !chart.across, autoSkipPadding: 16, padding: 6 },
  };
  return {
    animation: false, responsive: true, maintainAspectRatio: false, indexAxis: chart.across ? "y" : "x",
    interaction: { mode: "index", intersect: false, axis: chart.across ? "y" : "x" },
    scales: chart.across ? { x: numbers, y: names } : { x: names, y: numbers },
    plugins: {
      legend: {
        display: chart.sets.length > 1, align: "start", position: "top",
        labels: { color: text, usePointStyle: chart.type === "line", boxWidth: 14, boxHeight: 10, padding: 14 },
      },
      tooltip: {
        backgroundColor: variable("--color-base-900"), borderColor: variable("--color-base-700"), borderWidth: dark() ? 1 : 0,
        padding: 10, boxPadding: 6, usePointStyle: chart.type === "line",
        callbacks: { label: (of) => `${chart.sets.length > 1 ? `${of.dataset.label}: ` : ""}${of.dataset.said[of.dataIndex]}` },
      },
    },
  };
}

const drawn = [];

function draw() {
  for (const one of drawn.splice(0)) one.destroy();
  Chart.defaults.font.family = "Inter";
  Chart.defaults.font.size = 12;
  for (const canvas of document.querySelectorAll("canvas[data-chart]")) {
    const chart = data[canvas.dataset.chart];
    if (!chart) continue;
    const sets = chart.sets.map((one) => set(chart, one));
    drawn.push(new Chart(canvas, { type: chart.type, data: { labels: chart.labels, datasets: sets }, options: options(chart) }));
  }
}

// The canvas does not wait for fonts by itself.
await document.fonts.load("12px Inter").catch(() => {});
draw();
let shade = dark();
new MutationObserver(() => {
  if (dark() !== shade) {
    shade = dark();
    draw();
  }
}).observe(root, { attributeFilter: ["class"] });
