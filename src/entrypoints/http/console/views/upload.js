/** Uploading files, and following the job that reads them. */
import { get, post } from "../api.js";
import { listed, useAction, useForm, useLoad, usePolling } from "../data.js";
import { ago, count, plural, size, words } from "../format.js";
import { html, useRef, useState } from "../html.js";
import { link } from "../router.js";
import { Button, Check, Field, Loaded, Meter, Notice, Problem, State, Text, tell } from "../ui.js";

const ENDED = ["completed", "failed", "cancelled", "waiting_input"];

export function Upload() {
  const [values, set] = useForm({ category: "", language: "", source: "", tags: "", classify: true, validate: true });
  const [files, choose] = useState([]);
  const [started, start] = useState(0);
  const picker = useRef(null);
  const sending = useAction(async () => {
    const { data } = await post("/api/v1/documents/upload", { form: written(files, values) });
    tell(`${plural(data.files_received, "file")} received`);
    choose([]);
    picker.current.value = "";
    start((n) => n + 1);
  });
  const field = (name, label, hint) => html`<${Field} label=${label} hint=${hint}><${Text} value=${values[name]} onText=${(value) => set(name, value)} /><//>`;
  return html`<${Accepted} />
    <form class="form panel" onSubmit=${(event) => { event.preventDefault(); sending.run(); }}>
      <label class="field wide drop" onDragOver=${(event) => event.preventDefault()} onDrop=${(event) => { event.preventDefault(); choose([...event.dataTransfer.files]); }}>
        <span class="label">Files</span><input ref=${picker} type="file" multiple onChange=${(event) => choose([...event.target.files])} />
        <small>${files.length ? files.map((file) => `${file.name} (${size(file.size)})`).join(", ") : "Choose them, or drop them here"}</small></label>
      ${field("category", "Category", "For pairs whose file names none")}${field("language", "Language", "Detected when empty")}${field("source", "Source")}${field("tags", "Tags", "Separated by commas")}
      <${Check} label="Classify what has no labels" checked=${values.classify} onCheck=${(value) => set("classify", value)} />
      <${Check} label="Refuse files that are not what their name says" checked=${values.validate} onCheck=${(value) => set("validate", value)} />
      <${Problem} error=${sending.error} />
      <div class="row wide"><${Button} kind="primary" type="submit" busy=${sending.busy} disabled=${!files.length}>Upload<//></div>
    </form>
    <${Jobs} started=${started} />`;
}

function written(files, values) {
  const form = new FormData();
  for (const file of files) form.append("files", file);
  const given = { category: values.category, language: values.language, source: values.source, tags: listed(values.tags) };
  const metadata = Object.fromEntries(Object.entries(given).filter(([, value]) => value.length));
  form.append("metadata", JSON.stringify(metadata));
  form.append("auto_classify", String(values.classify));
  form.append("validate_format", String(values.validate));
  return form;
}

function Accepted() {
  const contract = useLoad(async () => (await get("/api/v1/knowledge/contract")).data);
  if (!contract.data) return null;
  const { supported_formats: formats, max_file_mb: megabytes, max_pairs: pairs } = contract.data;
  return html`<p class="soft">${formats.join(", ").toUpperCase()}, up to ${count(megabytes)} MB a file and ${count(pairs)} pairs.</p>`;
}

/** The newest uploads; looked at again while one of them runs. */
function Jobs({ started }) {
  const load = (signal) => get("/api/v1/jobs", { query: { type: "document_upload", limit: 10 }, signal });
  const jobs = useLoad(async (signal) => (await load(signal)).data.jobs, [started]);
  usePolling(jobs.reload, 1000, (jobs.data ?? []).some((job) => !ENDED.includes(job.status)));
  return html`<h2>Uploads</h2><${Loaded} of=${jobs}>${(all) => (all.length ? html`<ol class="list" aria-live="polite">${all.map((job) => html`<${Job} key=${job.job_id} job=${job} onChange=${jobs.reload} />`)}</ol>` : html`<p class="soft">None yet.</p>`)}<//>`;
}

function Job({ job, onChange }) {
  const { result } = job;
  const running = !ENDED.includes(job.status);
  const cancelling = useAction(async () => {
    await post("/api/v1/jobs/{job_id}/cancel", { path: { job_id: job.job_id } });
    onChange();
  });
  return html`<li><h3>${ago(job.created_at)} <${State} of=${job.status} /></h3>
    ${running && html`<div class="row"><${Meter} value=${job.progress} label="Progress" /><span class="soft">${words(job.stage)}${job.eta_seconds != null && `, about ${Math.ceil(job.eta_seconds)} s`}</span><${Button} busy=${cancelling.busy} onClick=${cancelling.run}>Cancel<//></div>`}
    ${result.total_files != null && html`<p>${plural(result.files_processed, "file")}: ${plural(result.qa_pairs_extracted, "pair")} found, ${count(result.qa_pairs_validated)} valid, ${count(result.qa_pairs_ingested)} in the knowledge base.
      ${(result.document_ids ?? []).map((id) => html` <a href=${link("knowledge", id)}>Open</a>`)}
      ${job.status === "waiting_input" && html` <a href=${link("review", "", { job_id: job.job_id })}>Review the rest</a>`}</p>`}
    ${(result.warnings ?? []).length > 0 && html`<details><summary>${plural(result.warnings.length, "warning")}</summary><ul class="notices">${result.warnings.map((each) => html`<li><strong>${each.file}</strong> ${each.message}</li>`)}</ul></details>`}
    ${job.error && html`<${Notice} tone="bad">${job.error.message} <span class="soft">${job.error.code}</span><//>`}<${Problem} error=${cancelling.error} /></li>`;
}
