/** The console: signing in, the frame, and the view that the address names. */
import { discover, serves } from "./api.js";
import { html, render, useEffect, useLayoutEffect, useRef, useState } from "./html.js";
import { useKeys } from "./keys.js";
import { go, link, usePlace } from "./router.js";
import { apiKey, keepKey, onRefused, prefer, preference } from "./session.js";
import { SignIn } from "./signin.js";
import { Button, Dialog, Empty, Problem, Told } from "./ui.js";
import { VIEWS } from "./views.js";

const THEMES = ["auto", "light", "dark"];

function paint(theme) {
  document.documentElement.dataset.theme = theme;
  prefer("theme", theme);
}

/** `state`: "looking" for a way in, "outside" with a reason, or "inside". */
function Console() {
  const [state, set] = useState({ at: "looking" });
  const enter = async (key) => {
    keepKey(key);
    await discover();
    set({ at: "inside" });
  };
  useEffect(() => {
    const kept = apiKey(); // without one, a server with authentication off lets everybody in
    enter(kept).catch((error) => {
      keepKey("");
      set({ at: "outside", reason: kept || error.status !== 401 ? error : null });
    });
    return onRefused((error) => set((now) => {
      if (now.at !== "inside") return now;
      keepKey("");
      return { at: "outside", reason: error };
    }));
  }, []);
  if (state.at === "looking") return html`<p class="bare soft" role="status">Opening the console…</p>`;
  if (state.at === "outside") return html`<${SignIn} reason=${state.reason} onKey=${enter} />`;
  return html`<${Frame} onLeave=${() => { keepKey(""); set({ at: "outside" }); }} />`;
}

function Frame({ onLeave }) {
  const here = usePlace();
  const [helping, help] = useState(false);
  const view = VIEWS.find((each) => each.name === here.view);
  const main = useRef(null);
  const title = view?.title ?? "Not here";
  useLayoutEffect(() => {
    document.title = `${title} · supportrag console`;
    main.current.focus();
  }, [here.view, here.id]);
  useKeys({ ...Object.fromEntries(VIEWS.map((each) => [`g ${each.key}`, () => go(each.name)])), "?": () => help(true) });
  return html`
    <button type="button" class="skip" onClick=${() => main.current.focus()}>Skip to the content</button>
    <header class="side">
      <a class="brand" href=${link("ask")}><img src="/console/icon.svg" alt="" width="26" height="26" /> supportrag</a>
      <nav aria-label="Views">${VIEWS.map((each) => html`
        <a key=${each.name} href=${link(each.name)} aria-current=${each.name === here.view ? "page" : undefined} title="g ${each.key}">${each.title}</a>`)}</nav>
      <div class="tools"><${Theme} /><${Button} kind="quiet" onClick=${() => help(true)}>Keys<//>
        <a class="button quiet" href="/docs">API</a>${apiKey() && html`<${Button} kind="quiet" onClick=${onLeave}>Sign out<//>`}</div>
    </header>
    <main ref=${main} tabindex="-1" aria-label=${title}><h1>${title}</h1><${Shown} view=${view} here=${here} /></main>
    <${Told} />
    ${helping && html`<${Keys} view=${view} onClose=${() => help(false)} />`}`;
}

function Shown({ view, here }) {
  if (!view) return html`<${Empty} title="There is no such view.">The menu names those that there are.<//>`;
  if (!view.needs.some(serves)) {
    return html`<${Empty} title="This server does not have ${view.title.toLowerCase()} yet.">
      The view needs ${view.needs.map((path, n) => html`${n ? " or " : ""}<code>${path}</code>`)}, which this version does not serve.<//>`;
  }
  return html`<${view.View} key=${view.name} id=${here.id} query=${here.query} />`;
}

function Theme() {
  const [theme, set] = useState(preference("theme", "auto"));
  const turn = () => {
    const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length];
    paint(next);
    set(next);
  };
  return html`<${Button} kind="quiet" onClick=${turn} aria-label="Theme: ${theme}. Change it.">Theme: ${theme}<//>`;
}

function Keys({ view, onClose }) {
  const rows = [["?", "These keys"], ...VIEWS.map((each) => [`g ${each.key}`, each.title]), ...(view?.keys ?? [])];
  return html`<${Dialog} title="Keys" onClose=${onClose}>
    <dl class="keys">${rows.map(([key, what]) => html`<dt><kbd>${key}</kbd></dt><dd>${what}</dd>`)}</dl>
  <//>`;
}

paint(preference("theme", "auto"));
render(html`<${Console} />`, document.getElementById("console"));
