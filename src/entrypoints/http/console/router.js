/** The place in the console is in the address after `#`: `#/knowledge/doc_1?tab=versions`. */
import { useLayoutEffect, useState } from "./html.js";

/** {view, id, query}: the first and second segment, and what follows the question mark. */
export function place(hash = location.hash) {
  const [path, search = ""] = hash.replace(/^#\/?/, "").split("?");
  const [view = "", id = ""] = path.split("/").map(decodeURIComponent);
  return { view: view || "ask", id, query: Object.fromEntries(new URLSearchParams(search)) };
}

export function link(view, id = "", query = {}) {
  const kept = Object.entries(query).filter(([, value]) => value !== "" && value != null);
  const search = kept.length ? `?${new URLSearchParams(kept)}` : "";
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${search}`;
}

export const go = (...to) => { location.hash = link(...to); };

export function usePlace() {
  const [here, move] = useState(place());
  useLayoutEffect(() => {
    const follow = () => move(place());
    addEventListener("hashchange", follow);
    follow(); // what was missed between the first drawing and now
    return () => removeEventListener("hashchange", follow);
  }, []);
  return here;
}
