/** One document: its labels, its pairs, its versions. */
import { download, get, post, put, remove } from "../api.js";
import { listed, useAction, useForm, useLoad } from "../data.js";
import { ago, moment, plural, words } from "../format.js";
import { html, useState } from "../html.js";
import { link } from "../router.js";
import { Button, Field, Loaded, Problem, State, Sure, Tabs, Tag, Text, tell } from "../ui.js";
import { Pairs } from "./pairs.js";
import { Versions } from "./versions.js";

export function Document({ id, query }) {
  const load = (signal) => get("/api/v1/documents/{document_id}", { path: { document_id: id }, signal });
  const document = useLoad(async (signal) => (await load(signal)).data, [id]);
  const tab = query.tab === "versions" ? "versions" : "pairs";
  const tabs = [["pairs", "Pairs", link("knowledge", id)], ["versions", "Versions", link("knowledge", id, { tab: "versions" })]];
  return html`<p><a href=${link("knowledge")}>← All documents</a></p>
    <${Loaded} of=${document}>${(data) => html`<${Head} document=${data} onChange=${document.reload} />
      <${Tabs} tabs=${tabs} current=${tab} label="Document" />
      ${tab === "versions" ? html`<${Versions} document=${data} onChange=${document.reload} />` : html`<${Pairs} document=${data} marked=${query.pair} onChange=${document.reload} />`}`}<//>`;
}

function Head({ document, onChange }) {
  const [editing, edit] = useState(false);
  const path = { document_id: document.document_id };
  const exporting = useAction((format) => download("/api/v1/documents/{document_id}/export", { path, query: { format } }));
  const moving = useAction(async () => {
    if (document.status === "active") await remove("/api/v1/documents/{document_id}", { path });
    else await post("/api/v1/documents/{document_id}/restore", { path });
    tell(document.status === "active" ? "Archived" : "Restored");
    onChange();
  });
  return html`<header class="head"><h2>${document.title} <${State} of=${document.status} /></h2>
    <p class="facts"><span>${plural(document.qa_pairs_count, "pair")}</span><${Tag}>${words(document.category)}<//><${Tag}>${document.language}<//>${document.metadata.tags.map((tag) => html`<${Tag}>${tag}<//>`)}
      <span class="soft">version ${document.version}, changed ${ago(document.updated_at)}, from ${document.metadata.source}, made ${moment(document.created_at)}</span></p>
    <div class="row"><${Button} onClick=${() => edit(!editing)} aria-expanded=${editing ? "true" : "false"}>Labels<//>
      <${Button} busy=${exporting.busy} onClick=${() => exporting.run("json")}>Export JSON<//><${Button} busy=${exporting.busy} onClick=${() => exporting.run("csv")}>Export CSV<//>
      ${document.status === "active" ? html`<${Sure} question="Archive it with its pairs?" busy=${moving.busy} onSure=${moving.run}>Archive<//>` : html`<${Button} busy=${moving.busy} onClick=${moving.run}>Restore<//>`}</div>
    <${Problem} error=${exporting.error ?? moving.error} />
    ${editing && html`<${Labels} document=${document} onDone=${() => { edit(false); onChange(); }} />`}</header>`;
}

function Labels({ document, onDone }) {
  const { title, category, metadata } = document;
  const [values, set] = useForm({ title, category: category === "uncategorized" ? "" : category, tags: metadata.tags.join(", ") });
  const saving = useAction(async () => {
    const body = { title: values.title, category: values.category || null, tags: listed(values.tags) };
    await put("/api/v1/documents/{document_id}", { path: { document_id: document.document_id }, body });
    tell("Saved");
    onDone();
  });
  const field = (name, label) => html`<${Field} label=${label}><${Text} value=${values[name]} onText=${(value) => set(name, value)} /><//>`;
  return html`<form class="form panel" onSubmit=${(event) => { event.preventDefault(); saving.run(); }}>
    ${field("title", "Title")}${field("category", "Category")}${field("tags", "Tags")}
    <${Problem} error=${saving.error} /><div class="row wide"><${Button} kind="primary" type="submit" busy=${saving.busy}>Save<//></div></form>`;
}
