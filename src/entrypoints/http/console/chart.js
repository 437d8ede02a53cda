/** Charts drawn as SVG in real pixels; each has a table that says the same. */
import { html, useLayoutEffect, useRef, useState } from "./html.js";

const MARGIN = { top: 10, right: 8, bottom: 24, left: 54 };

function useWidth() {
  const box = useRef(null);
  const [width, set] = useState(0);
  useLayoutEffect(() => {
    const watching = new ResizeObserver(([entry]) => set(Math.floor(entry.contentRect.width)));
    watching.observe(box.current);
    return () => watching.disconnect();
  }, []);
  return [box, width];
}

/** Round steps from 0 that reach `top`: at most five of them. */
export function ticks(top) {
  if (!(top > 0)) return [0, 1];
  const rough = top / 4;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough);
  return Array.from({ length: Math.ceil(top / step - 1e-9) + 1 }, (_, n) => n * step);
}

/** `series`: {name, kind, values}; bars are stacked, `kind` names the colour. `labels`: one a point. */
export function Bars({ title, labels, series, height = 220, format = String }) {
  const totals = labels.map((_, n) => series.reduce((sum, { values }) => sum + (values[n] ?? 0), 0));
  return html`<${Plot} title=${title} labels=${labels} series=${series} height=${height} format=${format} top=${Math.max(...totals)}>
    ${({ x, y, step }) => labels.map((label, n) => {
      let under = 0;
      const parts = series.map(({ kind, values }) => {
        const value = values[n] ?? 0;
        under += value;
        return value > 0 && html`<rect key=${kind} class=${kind} x=${x(n) + step * 0.12} width=${Math.max(1, step * 0.76)} y=${y(under)} height=${y(under - value) - y(under)} />`;
      });
      return html`<g key=${n}><rect class="reach" x=${x(n)} width=${step} y=${MARGIN.top} height=${height - MARGIN.top - MARGIN.bottom} />${parts}<title>${said(label, series, n, format)}</title></g>`;
    })}<//>`;
}

/** One line a series; a null value leaves a hole. */
export function Lines({ title, labels, series, height = 180, format = String }) {
  const top = Math.max(0, ...series.flatMap(({ values }) => values.filter((value) => value != null)));
  return html`<${Plot} title=${title} labels=${labels} series=${series} height=${height} format=${format} top=${top}>
    ${({ x, y, step }) => html`${series.map(({ kind, values }) => html`<path key=${kind} class="line ${kind}" d=${path(values, (n) => x(n) + step / 2, y)} />`)}
      ${labels.map((label, n) => html`<g key=${n}><rect class="reach" x=${x(n)} width=${step} y=${MARGIN.top} height=${height - MARGIN.top - MARGIN.bottom} />
        ${series.map(({ kind, values }) => values[n] != null && html`<circle class=${kind} cx=${x(n) + step / 2} cy=${y(values[n])} r="2.5" />`)}<title>${said(label, series, n, format)}</title></g>`)}`}<//>`;
}

const said = (label, series, n, format) => [label, ...series.map(({ name, values }) => `${name}: ${values[n] == null ? "–" : format(values[n])}`)].join("\n");

function path(values, x, y) {
  let pen = "M";
  return values.map((value, n) => {
    if (value == null) { pen = "M"; return ""; }
    const move = `${pen}${x(n)},${y(value)}`;
    pen = "L";
    return move;
  }).join("");
}

function Plot({ title, labels, series, height, format, top, children }) {
  const [box, width] = useWidth();
  const steps = ticks(top);
  const inner = Math.max(0, width - MARGIN.left - MARGIN.right);
  const step = inner / Math.max(1, labels.length);
  const x = (n) => MARGIN.left + n * step;
  const y = (value) => MARGIN.top + (height - MARGIN.top - MARGIN.bottom) * (1 - value / steps.at(-1));
  const every = Math.max(1, Math.ceil(labels.length / Math.max(1, inner / 90)));
  return html`<figure class="chart"><figcaption><strong>${title}</strong> ${series.map(({ name, kind }) => html`<span key=${kind} class="legend"><i class=${kind}></i>${name}</span>`)}</figcaption>
    <div ref=${box}>${width > 0 && html`<svg width=${width} height=${height} viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}. The table below says the same.">
      ${steps.map((each) => html`<g key=${each}><line class="rule" x1=${MARGIN.left} x2=${width - MARGIN.right} y1=${y(each)} y2=${y(each)} /><text class="tick" x=${MARGIN.left - 6} y=${y(each) + 4} text-anchor="end">${format(each)}</text></g>`)}
      ${children({ x, y, step })}
      ${labels.map((label, n) => n % every === 0 && html`<text key=${n} class="tick" x=${x(n) + step / 2} y=${height - 7} text-anchor="middle">${label}</text>`)}</svg>`}</div>
    <details><summary>As a table</summary><div class="scroll"><table><thead><tr><th>When</th>${series.map(({ name }) => html`<th class="number">${name}</th>`)}</tr></thead>
      <tbody>${labels.map((label, n) => html`<tr key=${n}><td>${label}</td>${series.map(({ values }) => html`<td class="number">${values[n] == null ? "–" : format(values[n])}</td>`)}</tr>`)}</tbody></table></div></details></figure>`;
}
