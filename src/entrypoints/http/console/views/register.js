/** Registering a webhook. */
import { get, post } from "../api.js";
import { useAction, useForm, useLoad } from "../data.js";
import { html } from "../html.js";
import { Button, Check, Dialog, Field, Loaded, Problem, Select, Text } from "../ui.js";

const PRESETS = [["standard", "Standard: four retries within half an hour"], ["extended", "Extended: six retries within four hours"]];

export function Register({ onDone, onClose }) {
  const [values, set] = useForm({ url: "", name: "", events: [], preset: "standard" });
  const catalogue = useLoad(async () => (await get("/api/v1/webhooks/events")).data.events.filter((event) => event.subscribable));
  const registering = useAction(async () => {
    const { preset, name, ...rest } = values;
    const body = { ...rest, retry_policy: { preset }, ...(name ? { name } : {}) };
    onDone((await post("/api/v1/webhooks", { body })).data);
  });
  const choose = (name, chosen) => set("events", chosen ? [...values.events, name] : values.events.filter((each) => each !== name));
  return html`<${Dialog} title="Register a webhook" wide onClose=${onClose}>
    <form class="form" onSubmit=${(event) => { event.preventDefault(); registering.run(); }}>
      <${Field} label="Address" wide><${Text} type="url" required placeholder="https://…" value=${values.url} onText=${(text) => set("url", text)} /><//>
      <${Field} label="Name"><${Text} maxlength="128" value=${values.name} onText=${(text) => set("name", text)} /><//>
      <${Field} label="Retries"><${Select} options=${PRESETS} value=${values.preset} onSelect=${(value) => set("preset", value)} /><//>
      <fieldset class="wide events"><legend>Events (${values.events.length})</legend>
        <${Loaded} of=${catalogue}>${(events) => html`<div class="grid">${events.map((event) => html`
          <${Check} key=${event.event_type} title=${event.description} label=${event.event_type} checked=${values.events.includes(event.event_type)} onCheck=${(chosen) => choose(event.event_type, chosen)} />`)}</div>`}<//></fieldset>
      <${Problem} error=${registering.error} />
      <div class="row wide"><${Button} kind="primary" type="submit" busy=${registering.busy} disabled=${!values.events.length}>Register<//></div>
    </form><//>`;
}
