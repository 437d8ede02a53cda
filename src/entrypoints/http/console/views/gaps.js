/** What could not be answered: the articles to write next, and what those written since were worth. */
import { get } from "../api.js";
import { useLoad } from "../data.js";
import { ago, plural, share } from "../format.js";
import { html, useEffect, useState } from "../html.js";
import { link } from "../router.js";
import { Empty, Loaded, Pager, Tag } from "../ui.js";

export function Gaps({ period }) {
  const [offset, move] = useState(0);
  useEffect(() => move(0), [period]);
  const gaps = useLoad(async (signal) => (await get("/api/v1/analytics/gaps", { query: { period, offset }, signal })).data, [period, offset]);
  return html`<section><h2>What is missing</h2><${Loaded} of=${gaps}>${(data) => (data.gaps.length ? html`
    ${!data.complete && html`<p class="soft">Made of the newest ${plural(data.queries_considered, "question")} without an answer.</p>`}
    <ol class="list" start=${data.pagination.offset + 1}>${data.gaps.map((gap) => html`<${Gap} key=${gap.gap_id} gap=${gap} />`)}</ol><${Pager} pagination=${data.pagination} onMove=${move} />`
    : html`<${Empty} title="No gaps found.">Nothing in this period went unanswered or was rated badly.<//>`)}<//></section>`;
}

const TRENDS = { rising: ["warn", "rising"], falling: ["good", "falling"] };

const Gap = ({ gap }) => html`<li><h3>${gap.topic} <span class="soft">${plural(gap.query_count, "question")}, ${plural(gap.user_count, "person", "people")}, last ${ago(gap.last_asked_at)}</span>
    ${TRENDS[gap.trend.direction] && html` <${Tag} tone=${TRENDS[gap.trend.direction][0]}>${TRENDS[gap.trend.direction][1]}<//>`}
    ${gap.badly_rated_count > 0 && html` <${Tag} tone="bad">${gap.badly_rated_count} rated badly<//>`}</h3>
  <ul>${gap.example_questions.slice(1).map((question) => html`<li>${question}</li>`)}</ul>
  <p><${Advice} gap=${gap} /></p>
  ${gap.nearest_pairs.length > 0 && html`<p class="soft">Nearest: ${gap.nearest_pairs.map((pair, n) => html`${n > 0 && ", "}<${Pair} pair=${pair} /> ${share(pair.similarity)}`)}</p>`}</li>`;

const Pair = ({ pair }) => html`<a href=${link("knowledge", pair.document_id, { pair: pair.qa_id })}>${pair.question}</a>`;

function Advice({ gap: { suggested_action: { action, qa_id: id }, nearest_pairs: nearest, deflection } }) {
  const pair = nearest.find((each) => each.qa_id === id);
  if (action === "new_article") return "Write an article about this.";
  if (action === "improve_pair") return html`Improve ${pair ? html`<${Pair} pair=${pair} />` : "the pair these answers came from"}.`;
  return html`There is an article since ${ago(deflection.since)}: of ${plural(deflection.answered_after + deflection.unanswered_after, "later question")} it answered ${deflection.answered_after}${deflection.rate != null && ` (${share(deflection.rate)})`}.`;
}
