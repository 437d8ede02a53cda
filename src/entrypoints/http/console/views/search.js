/** Searching the knowledge by meaning, as answers do, or by its own words. */
import { get } from "../api.js";
import { useAction } from "../data.js";
import { ago, millis, plural, share, words } from "../format.js";
import { html, useState } from "../html.js";
import { link } from "../router.js";
import { Button, Empty, Field, Outside, Problem, Select, Tag, Text } from "../ui.js";

const WAYS = [["meaning", "By meaning"], ["wider", "By meaning, with synonyms"], ["words", "By words"]];

const searches = {
  meaning: (q, filter) => get("/api/v1/search", { query: { q, filter, limit: 20 } }),
  wider: (q, filter) => get("/api/v1/search/advanced", { query: { q, filter, expand_synonyms: true, limit: 20 } }),
  words: (q) => get("/api/v1/qa-pairs/search", { query: { q, limit: 50 } }),
};

export function Search() {
  const [asked, ask] = useState({ q: "", way: "meaning", category: "" });
  const [found, show] = useState(null);
  const set = (part) => ask((old) => ({ ...old, ...part }));
  const searching = useAction(async () => {
    const filter = asked.category ? [`category:${asked.category}`] : [];
    show((await searches[asked.way](asked.q, filter)).data);
  });
  return html`
    <form class="bar" role="search" onSubmit=${(event) => { event.preventDefault(); searching.run(); }}>
      <${Field} label="Search for"><${Text} required value=${asked.q} onText=${(q) => set({ q })} /><//>
      <${Field} label="How"><${Select} options=${WAYS} value=${asked.way} onSelect=${(way) => set({ way })} /><//>
      ${asked.way !== "words" && html`<${Field} label="Category"><${Text} value=${asked.category} onText=${(category) => set({ category })} /><//>`}
      <${Button} kind="primary" type="submit" busy=${searching.busy}>Search<//>
    </form>
    <${Problem} error=${searching.error} />
    <div aria-live="polite">${found && html`<${Found} found=${found} />`}</div>`;
}

function Found({ found }) {
  const total = found.total_results ?? found.total;
  const terms = found.query_expansion?.expanded_terms ?? [];
  if (!total) return html`<${Empty} title="Nothing found for “${found.query}”." />`;
  return html`<p class="soft">${plural(total, "result")} in ${millis(found.search_time_ms)}${terms.length > 0 && `, also for ${terms.join(", ")}`}</p>
    <ol class="list">${found.results.map((each) => html`<li key=${each.qa_id ?? each.document_id}>
      <h3><a href=${link("knowledge", each.document_id, { pair: each.qa_id })}>${each.question ?? each.title}</a> <span class="soft">${share(each.relevance_score ?? each.relevance)}</span></h3>
      <p class="prose clip">${each.excerpt ?? each.answer}</p>
      <p class="facts">${each.category && html`<${Tag}>${words(each.category)}<//>`}${(each.matched_fields ?? []).map((name) => html`<${Tag}>in the ${name}<//>`)}
        ${each.last_updated && html`<span class="soft">changed ${ago(each.last_updated)}</span>`}${each.url && html`<${Outside} href=${each.url}>${each.url}<//>`}</p>
    </li>`)}</ol>`;
}
