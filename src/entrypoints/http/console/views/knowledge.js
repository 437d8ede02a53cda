/** The knowledge base: its documents, a search over it, uploads, exports. */
import { download, get, serves } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { ago, count, words } from "../format.js";
import { html, useState } from "../html.js";
import { link } from "../router.js";
import { Button, Empty, Loaded, Pager, Problem, Select, State, Tabs, Tag, Text } from "../ui.js";
import { Document } from "./document.js";
import { Search } from "./search.js";
import { Upload } from "./upload.js";

const TABS = { documents: ["Documents", Documents], search: ["Search", Search], upload: ["Upload", Upload], export: ["Export", Export] };

export function Knowledge({ id, query }) {
  if (id) return html`<${Document} key=${id} id=${id} query=${query} />`;
  const current = TABS[query.tab] ? query.tab : "documents";
  const [, View] = TABS[current];
  const tabs = Object.entries(TABS).map(([name, [text]]) => [name, text, link("knowledge", "", { tab: name })]);
  return html`<${Tabs} tabs=${tabs} current=${current} label="Knowledge" /><${View} query=${query} />`;
}

const SORTS = [["-updated_at", "Changed last"], ["-created_at", "Newest"], ["title", "Title"]];
const STATUSES = [["", "Any status"], "active", "archived"];

function Documents() {
  const [filters, set] = useState({ category: "", language: "", status: "", sort: "-updated_at", offset: 0 });
  const change = (part) => set((old) => ({ ...old, offset: 0, ...part }));
  const load = (signal) => get("/api/v1/documents", { query: { limit: 20, ...filters }, signal });
  const documents = useLoad(async (signal) => (await load(signal)).data, [JSON.stringify(filters)]);
  return html`
    <div class="bar">
      <${Text} aria-label="Category" placeholder="Category" value=${filters.category} onText=${(category) => change({ category })} />
      <${Text} aria-label="Language" placeholder="Language" maxlength="8" size="8" value=${filters.language} onText=${(language) => change({ language })} />
      <${Select} aria-label="Status" options=${STATUSES} value=${filters.status} onSelect=${(status) => change({ status })} />
      <${Select} aria-label="Order" options=${SORTS} value=${filters.sort} onSelect=${(sort) => change({ sort })} />
    </div>
    <${Loaded} of=${documents}>${(data) => (data.documents.length ? html`
      <div class="scroll"><table><thead><tr><th>Title</th><th>Category</th><th class="number">Pairs</th><th>Language</th><th>Changed</th><th>Status</th></tr></thead>
        <tbody>${data.documents.map((each) => html`<${Row} key=${each.document_id} document=${each} />`)}</tbody></table></div>
      <${Pager} pagination=${data.pagination} onMove=${(offset) => change({ offset })} />`
    : html`<${Empty} title="No documents here.">Upload a file, and its questions and answers become the first. <a href=${link("knowledge", "", { tab: "upload" })}>Upload</a><//>`)}<//>`;
}

const Row = ({ document: each }) => html`<tr>
  <td><a href=${link("knowledge", each.document_id)}>${each.title}</a> ${each.metadata.tags.map((tag) => html`<${Tag}>${tag}<//>`)}</td>
  <td>${words(each.category)}</td><td class="number">${count(each.qa_pairs_count)}</td><td>${each.language}</td><td>${ago(each.updated_at)}</td><td><${State} of=${each.status} /></td></tr>`;

function Export() {
  const exporting = useAction((format) => download("/api/v1/knowledge/export", { query: { format } }));
  if (!serves("/api/v1/knowledge/export")) return html`<${Empty} title="This server does not export yet." />`;
  return html`<div class="panel"><h2>Export all active pairs</h2>
    <p>The file uploads again, here or elsewhere.</p>
    <div class="row"><${Button} busy=${exporting.busy} onClick=${() => exporting.run("json")}>JSON<//><${Button} busy=${exporting.busy} onClick=${() => exporting.run("csv")}>CSV<//></div>
    <${Problem} error=${exporting.error} /></div>`;
}
