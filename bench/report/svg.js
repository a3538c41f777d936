const WIDTH = 760;
const LABEL = 190;
const NUMBER = 80;
const ROW = 20;
const HEAD = 30;
const GAP = 14;
const FULL = WIDTH - LABEL - NUMBER;

/** Colors of both schemes; an image in a page follows the scheme of the reader. */
const STYLE = `
  text { font: 13px -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #24292f; }
  .title { font-weight: 600; }
  .bar { fill: #8c959f; }
  .ours { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .bar { fill: #6e7681; }
    .ours { fill: #4493f8; }
  }`;

/**
 * Panels of horizontal bars, each panel with a linear scale from zero of its own.
 * @param {readonly { title: string, bars: readonly { label: string, value: number, isOurs: boolean }[] }[]} panels
 */
export function barChart(panels) {
  let top = 0;
  const parts = panels.map(({ title, bars }) => {
    const most = Math.max(...bars.map(({ value }) => value));
    const sorted = bars.toSorted((a, b) => b.value - a.value);
    const rows = sorted.map((bar, at) => drawBar(bar, { y: top + HEAD + at * ROW, share: bar.value / most }));
    const part = `<text class="title" x="0" y="${top + 18}">${escapeXml(title)}</text>\n${rows.join("\n")}`;
    top += HEAD + bars.length * ROW + GAP;
    return part;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}" role="img">
<title>${escapeXml(panels.map(({ title }) => title).join("; "))}</title>
<style>${STYLE}
</style>
${parts.join("\n")}
</svg>
`;
}

function drawBar({ label, value, isOurs }, { y, share }) {
  const width = Math.max(1, Math.round(FULL * share));
  const number = Math.round(value).toLocaleString("en-US");
  return [
    `<text x="${LABEL - 8}" y="${y + 14}" text-anchor="end">${escapeXml(label)}</text>`,
    `<rect class="${isOurs ? "ours" : "bar"}" x="${LABEL}" y="${y + 3}" width="${width}" height="${ROW - 6}" rx="2"/>`,
    `<text x="${LABEL + width + 6}" y="${y + 14}">${number}</text>`,
  ].join("\n");
}

function escapeXml(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
