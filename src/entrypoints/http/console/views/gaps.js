/** What could not be answered: the articles to write next. */
import { get } from "../api.js";
import { useLoad } from "../data.js";
import { plural, share } from "../format.js";
import { html } from "../html.js";
import { link } from "../router.js";
import { Empty, Loaded } from "../ui.js";

export function Gaps({ period }) {
  const gaps = useLoad(async (signal) => (await get("/api/v1/analytics/gaps", { query: { period }, signal })).data.gaps, [period]);
  return html`<section><h2>What is missing</h2><${Loaded} of=${gaps}>${(all) => (all.length ? html`<ol class="list">${all.map((gap, n) => html`<${Gap} key=${n} gap=${gap} />`)}</ol>`
    : html`<${Empty} title="No gaps found.">Nothing in this period went unanswered or was rated badly.<//>`)}<//></section>`;
}

const Gap = ({ gap }) => html`<li><h3>${gap.topic} <span class="soft">${plural(gap.query_count, "question")}</span></h3>
  <ul>${gap.example_questions.map((question) => html`<li>${question}</li>`)}</ul>
  ${gap.nearest_pairs.length > 0 && html`<p class="soft">Nearest: ${gap.nearest_pairs.map((pair, n) => html`${n > 0 && ", "}<a href=${link("knowledge", pair.document_id, { pair: pair.qa_id })}>${pair.question}</a> ${pair.similarity != null && share(pair.similarity)}`)}</p>`}</li>`;
