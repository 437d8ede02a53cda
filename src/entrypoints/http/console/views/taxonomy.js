/** Intents and categories: how knowledge and questions are labelled. */
import { get, post, put, remove } from "../api.js";
import { useAction, useForm, useLoad } from "../data.js";
import { count, plural, share } from "../format.js";
import { html, useState } from "../html.js";
import { Button, Dialog, Empty, Field, Loaded, Pager, Problem, Sure, Tag, Text, tell } from "../ui.js";

export function Intents() {
  const [offset, move] = useState(0);
  const [editing, edit] = useState(null);
  const intents = useLoad(async (signal) => (await get("/api/v1/intents", { query: { limit: 20, offset, sort: "name" }, signal })).data, [offset]);
  const done = () => { edit(null); intents.reload(); };
  return html`<div class="bar"><${Button} kind="primary" onClick=${() => edit({ name: "", description: "", examples: [], category: "", escalation_weight: 0 })}>Add an intent<//></div>
    <${Loaded} of=${intents}>${(data) => (data.intents.length ? html`<ol class="list">${data.intents.map((intent) => html`<li key=${intent.intent_id}><h3>${intent.name} <code>${intent.intent_id}</code></h3>
      ${intent.description && html`<p>${intent.description}</p>`}
      <p class="facts"><${Tag}>${intent.category}<//><span class="soft">${plural(intent.examples.length, "example")}, asked ${plural(intent.usage_count, "time")}, escalation weight ${share(intent.escalation_weight)}</span></p>
      <div class="row"><${Button} onClick=${() => edit(intent)}>Edit<//><${Gone} drop=${() => remove("/api/v1/intents/{intent_id}", { path: { intent_id: intent.intent_id } })} onDone=${done} /></div></li>`)}</ol>
      <${Pager} pagination=${data.pagination} onMove=${move} />` : html`<${Empty} title="No intents yet.">An intent has examples; questions like them are labelled with it.<//>`)}<//>
    ${editing && html`<${IntentForm} intent=${editing} onDone=${done} onClose=${() => edit(null)} />`}`;
}

function IntentForm({ intent, onDone, onClose }) {
  const fields = [["name", "Name", { required: true }], ["description", "Description", { rows: 2 }], ["examples", "Examples, one a line", { rows: 6 }], ["category", "Category"], ["escalation_weight", "Escalation weight, 0 to 1", { type: "number", min: 0, max: 1, step: "any" }]];
  const save = ({ examples, category, escalation_weight: weight, ...rest }) => {
    const body = { ...rest, examples: examples.split("\n").map((line) => line.trim()).filter(Boolean), category: category || null, escalation_weight: Number(weight) };
    return intent.intent_id ? put("/api/v1/intents/{intent_id}", { path: { intent_id: intent.intent_id }, body }) : post("/api/v1/intents", { body });
  };
  const { name, description, examples, category, escalation_weight: weight } = intent;
  const opened = { name, description, examples: examples.join("\n"), category: category === "uncategorized" ? "" : category, escalation_weight: weight };
  return html`<${Form} title=${intent.intent_id ? "Edit the intent" : "A new intent"} fields=${fields} opened=${opened} save=${save} onDone=${onDone} onClose=${onClose} />`;
}

export function Categories() {
  const [offset, move] = useState(0);
  const [editing, edit] = useState(null);
  const categories = useLoad(async (signal) => (await get("/api/v1/categories", { query: { limit: 50, offset, sort: "name" }, signal })).data, [offset]);
  const done = () => { edit(null); categories.reload(); };
  return html`<div class="bar"><${Button} kind="primary" onClick=${() => edit({ name: "", description: "", parent_category: "" })}>Add a category<//></div>
    <${Loaded} of=${categories}>${(data) => (data.categories.length ? html`<div class="scroll"><table><thead><tr><th>Category</th><th>Below</th><th class="number">Documents</th><th class="number">Pairs</th><th></th></tr></thead>
      <tbody>${data.categories.map((each) => html`<tr key=${each.category_id}><td>${each.name} <code>${each.category_id}</code>${each.description && html`<br /><span class="soft">${each.description}</span>`}</td><td>${each.parent_category ?? "–"}</td><td class="number">${count(each.document_count)}</td><td class="number">${count(each.qa_pair_count)}</td>
        <td><span class="row"><${Button} onClick=${() => edit(each)}>Edit<//><${Gone} drop=${() => remove("/api/v1/categories/{category_id}", { path: { category_id: each.category_id } })} onDone=${done} /></span></td></tr>`)}</tbody></table></div>
      <${Pager} pagination=${data.pagination} onMove=${move} />` : html`<${Empty} title="No categories yet." />`)}<//>
    ${editing && html`<${CategoryForm} category=${editing} onDone=${done} onClose=${() => edit(null)} />`}`;
}

function CategoryForm({ category, onDone, onClose }) {
  const fields = [["name", "Name", { required: true }], ["description", "Description", { rows: 2 }], ["parent_category", "Below (id of a category)"]];
  const save = (values) => {
    const body = { ...values, parent_category: values.parent_category || null };
    return category.category_id ? put("/api/v1/categories/{category_id}", { path: { category_id: category.category_id }, body }) : post("/api/v1/categories", { body });
  };
  const opened = { name: category.name, description: category.description, parent_category: category.parent_category ?? "" };
  return html`<${Form} title=${category.category_id ? "Edit the category" : "A new category"} fields=${fields} opened=${opened} save=${save} onDone=${onDone} onClose=${onClose} />`;
}

function Form({ title, fields, opened, save, onDone, onClose }) {
  const [values, set] = useForm(opened);
  const saving = useAction(async () => {
    await save(values);
    tell("Saved");
    onDone();
  });
  return html`<${Dialog} title=${title} onClose=${onClose}><form class="form" onSubmit=${(event) => { event.preventDefault(); saving.run(); }}>
    ${fields.map(([name, label, more = {}]) => html`<${Field} key=${name} label=${label} wide><${Text} ...${more} value=${values[name]} onText=${(text) => set(name, text)} /><//>`)}
    <${Problem} error=${saving.error} /><div class="row wide"><${Button} kind="primary" type="submit" busy=${saving.busy}>Save<//></div></form><//>`;
}

function Gone({ drop, onDone }) {
  const dropping = useAction(async () => { await drop(); tell("Deleted"); onDone(); });
  return html`<${Sure} question="Delete it?" busy=${dropping.busy} onSure=${dropping.run}>Delete<//><${Problem} error=${dropping.error} />`;
}
