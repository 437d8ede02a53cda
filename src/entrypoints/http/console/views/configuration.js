/** The configuration: settings, their history, guardrails, intents, categories. */
import { serves } from "../api.js";
import { html } from "../html.js";
import { link } from "../router.js";
import { Empty, Tabs } from "../ui.js";
import { Guardrails } from "./guardrails.js";
import { History } from "./history.js";
import { Settings } from "./settings.js";
import { Categories, Intents } from "./taxonomy.js";

const TABS = {
  settings: ["Settings", Settings, "/api/v1/config"],
  history: ["History", History, "/api/v1/config/history"],
  guardrails: ["Guardrails", Guardrails, "/api/v1/guardrails"],
  intents: ["Intents", Intents, "/api/v1/intents"],
  categories: ["Categories", Categories, "/api/v1/categories"],
};

export function Configuration({ query }) {
  const current = TABS[query.tab] ? query.tab : "settings";
  const [title, View, needs] = TABS[current];
  const tabs = Object.entries(TABS).map(([name, [text]]) => [name, text, link("configuration", "", { tab: name })]);
  return html`<${Tabs} tabs=${tabs} current=${current} label="Configuration" />
    ${serves(needs) ? html`<${View} />` : html`<${Empty} title="This server does not have ${title.toLowerCase()} yet."><code>${needs}</code> is not served.<//>`}`;
}
