/** How the service does: over time, by group, by document, and what it cannot answer. */
import { get, serves } from "../api.js";
import { Bars, Lines } from "../chart.js";
import { useLoad } from "../data.js";
import { ago, count, millis, share, words } from "../format.js";
import { html, useState } from "../html.js";
import { link } from "../router.js";
import { Empty, Field, Loaded, Select, Tag } from "../ui.js";
import { Gaps } from "./gaps.js";

const PERIODS = [["1h", "The last hour"], ["24h", "The last 24 hours"], ["7d", "The last 7 days"], ["30d", "The last 30 days"], ["90d", "The last 90 days"]];
const GROUPS = ["category", "intent", "language", "source", "action", "day"];

export function Analytics() {
  const [period, choose] = useState("24h");
  return html`<div class="bar"><${Field} label="Period"><${Select} options=${PERIODS} value=${period} onSelect=${choose} /><//></div>
    <${Metrics} period=${period} />
    ${serves("/api/v1/analytics/queries") && html`<${Trends} period=${period} />`}
    ${serves("/api/v1/analytics/gaps") ? html`<${Gaps} period=${period} />` : html`<${Empty} title="This server does not look for gaps yet."><code>/api/v1/analytics/gaps</code> is not served.<//>`}
    ${serves("/api/v1/analytics/documents") && html`<${Documents} />`}`;
}

function Metrics({ period }) {
  const metrics = useLoad(async (signal) => (await get("/api/v1/analytics/metrics", { query: { period }, signal })).data, [period]);
  return html`<${Loaded} of=${metrics}>${({ data_points: points, summary, resolution_seconds: seconds }) => html`
    <dl class="tiles">${tiles(summary).map(([name, value]) => html`<div key=${name}><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    <${Bars} title="Questions" labels=${points.map((point) => when(point.timestamp, seconds))} format=${count} series=${[
      { name: "answered", kind: "c-good", values: points.map((point) => point.queries_auto_reply) },
      { name: "handed over", kind: "c-warn", values: points.map((point) => point.queries_escalated) },
      { name: "failed", kind: "c-bad", values: points.map((point) => point.queries_failed ?? 0) }]} />
    <${Lines} title="Response time" labels=${points.map((point) => when(point.timestamp, seconds))} format=${millis} series=${[
      { name: "average", kind: "c-accent", values: points.map((point) => point.average_response_time_ms) },
      { name: "95 %", kind: "c-soft", values: points.map((point) => point.response_time_ms?.p95 ?? null) }]} />`}<//>`;
}

const tiles = (summary) => [
  ["Questions", count(summary.total_queries)],
  ["Answered", share(summary.auto_reply_rate)],
  ["Handed over", share(summary.escalation_rate)],
  ["Median", millis(summary.p50_response_time_ms)],
  ["95 % within", millis(summary.p95_response_time_ms)],
  ["From cache", share(summary.cache_hit_rate)],
  ["Satisfaction", summary.satisfaction_score == null ? "–" : `${summary.satisfaction_score.toFixed(1)} of 5`],
];

function when(text, seconds) {
  const style = seconds >= 86_400 ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit", ...(seconds > 3600 ? { day: "numeric", month: "short" } : {}) };
  return new Intl.DateTimeFormat(undefined, style).format(new Date(text));
}

function Trends({ period }) {
  const [grouping, group] = useState("category");
  const trends = useLoad(async (signal) => (await get("/api/v1/analytics/queries", { query: { group_by: grouping, period }, signal })).data.trends, [grouping, period]);
  return html`<section><h2>Questions by <${Select} aria-label="Group by" options=${GROUPS} value=${grouping} onSelect=${group} /></h2>
    <${Loaded} of=${trends}>${(all) => (all.length ? html`<div class="scroll"><table><thead><tr><th>${words(grouping)}</th><th class="number">Questions</th><th></th><th class="number">Handed over</th><th class="number">Satisfaction</th><th>Intents</th></tr></thead>
      <tbody>${all.map((each) => html`<tr key=${each.group}><td>${words(each.group ?? each.category)}</td><td class="number">${count(each.query_count)}</td><td><${Share} trend=${each} most=${Math.max(...all.map((other) => other.query_count))} /></td>
        <td class="number">${share(each.escalation_rate)}</td><td class="number">${each.avg_satisfaction?.toFixed(1) ?? "–"}</td><td>${each.top_intents.map((name) => html`<${Tag}>${words(name)}<//>`)}</td></tr>`)}</tbody></table></div>` : html`<${Empty} title="Nothing was asked in this period." />`)}<//></section>`;
}

const Share = ({ trend, most }) => html`<svg class="share" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
  <rect class="c-good" width=${(100 * trend.query_count) / most} height="10" /><rect class="c-warn" width=${(100 * trend.escalation_count) / most} height="10" /></svg>`;

function Documents() {
  const documents = useLoad(async () => (await get("/api/v1/analytics/documents", { query: { limit: 10, sort: "-retrieval_count" } })).data.documents);
  return html`<section><h2>Documents that answers rest on</h2><${Loaded} of=${documents}>${(all) => html`<div class="scroll"><table>
    <thead><tr><th>Document</th><th class="number">Retrieved</th><th class="number">Relevance</th><th class="number">Satisfaction</th><th>Changed</th></tr></thead>
    <tbody>${all.map((each) => html`<tr key=${each.document_id}><td><a href=${link("knowledge", each.document_id)}>${each.title}</a></td><td class="number">${count(each.retrieval_count)}</td><td class="number">${each.retrieval_count ? share(each.avg_relevance_score) : "–"}</td><td class="number">${each.user_satisfaction?.toFixed(1) ?? "–"}</td><td>${ago(each.last_updated)}</td></tr>`)}</tbody></table></div>`}<//></section>`;
}
