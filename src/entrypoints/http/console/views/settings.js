/** Every setting with its bounds; changes are tried before they are made. */
import { get, put } from "../api.js";
import { useAction, useLoad } from "../data.js";
import { plural, titled, words } from "../format.js";
import { html, useState } from "../html.js";
import { Button, Field, Loaded, Notice, Problem, Text, tell } from "../ui.js";
import { Control, hint } from "./control.js";

/** Guardrails have a tab of their own. */
const ELSEWHERE = ["guardrails"];

export function Settings() {
  const loaded = useLoad(async () => {
    const [config, history, schema] = await Promise.all([get("/api/v1/config"), get("/api/v1/config/history", { query: { limit: 1 } }), bounds()]);
    return { config: config.data, overrides: history.data.changes[0]?.overrides ?? {}, schema, read: Date.now() };
  });
  return html`<${Loaded} of=${loaded}>${(data) => html`<${Form} key=${data.read} ...${data} onDone=${loaded.reload} />`}<//>`;
}

/** What the reference says of each setting; without it the controls only know the values. */
async function bounds() {
  const response = await fetch("/schema/openapi.json");
  if (!response.ok) return {};
  const body = (await response.json()).paths?.["/api/v1/config"]?.put?.requestBody?.content?.["application/json"]?.schema;
  return body?.properties ?? {};
}

function Form({ config, overrides, schema, onDone }) {
  const [changes, change] = useState({});
  const [comment, remark] = useState("");
  const [tried, show] = useState(null);
  const set = (section, name, value) => {
    show(null);
    change((all) => ({ ...all, [section]: { ...all[section], [name]: value } }));
  };
  const undo = (section, name) => change(({ [section]: { [name]: _, ...rest }, ...others }) => (Object.keys(rest).length ? { ...others, [section]: rest } : others));
  const sending = useAction(async (dryRun) => {
    const { data } = await put("/api/v1/config", { body: { ...changes, dry_run: dryRun, ...(comment ? { comment } : {}) } });
    show(data);
    if (dryRun) return;
    tell(`${plural(data.updated_fields.length, "setting")} changed`);
    onDone();
  });
  const number = Object.values(changes).reduce((sum, section) => sum + Object.keys(section).length, 0);
  return html`<form onSubmit=${(event) => { event.preventDefault(); sending.run(true); }}>
    ${Object.entries(config).filter(([section]) => !ELSEWHERE.includes(section)).map(([section, values]) => html`<fieldset key=${section} class="form settings"><legend>${words(section)}</legend>
      ${Object.entries(values).map(([name, value]) => {
        const rule = schema[section]?.properties?.[name] ?? {};
        const changed = name in (changes[section] ?? {});
        const kept = name in (overrides[section] ?? {});
        return html`<div key=${name} class=${changed ? "changed" : ""}><${Field} label=${titled(name)} hint=${hint(rule)}><${Control} rule=${rule} value=${changed ? changes[section][name] : value} onValue=${(given) => set(section, name, given)} /><//>
          ${changed && html`<button type="button" class="as-link" onClick=${() => undo(section, name)}>undo</button>`}
          ${kept && !changed && html`<button type="button" class="as-link" onClick=${() => set(section, name, null)}>back to the default</button>`}</div>`;
      })}</fieldset>`)}
    <div class="sending"><${Problem} error=${sending.error} />
      ${tried && html`<${Notice} tone=${tried.warning ? "warn" : "good"}>${tried.dry_run ? "Would change" : "Changed"}: ${tried.updated_fields.map((name) => html`<code>${name}</code> `)}${!tried.updated_fields.length && "nothing"} ${tried.warning ?? ""}<//>`}
      <div class="bar"><${Field} label="Comment"><${Text} maxlength="500" value=${comment} onText=${remark} /><//><${Button} type="submit" disabled=${!number} busy=${sending.busy}>Try it (dry run)<//>
        <${Button} kind="primary" disabled=${!number} busy=${sending.busy} onClick=${() => sending.run(false)}>${number ? `Apply ${plural(number, "change")}` : "Apply"}<//></div></div></form>`;
}
