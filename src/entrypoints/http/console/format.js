/** Values as people read them. */
const whole = new Intl.NumberFormat();
const moments = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });
const SHORT = { llm: "LLM", bm25: "BM25", db: "database", qa: "Q&A", ttl: "TTL", api: "API", url: "URL", id: "ID" };
const STEPS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

export const count = (n) => whole.format(n ?? 0);
export const plural = (n, one, many = `${one}s`) => `${count(n)} ${n === 1 ? one : many}`;
export const moment = (text) => (text ? moments.format(new Date(text)) : "–");
export const share = (value) => (value == null ? "–" : `${Math.round(value * 100)} %`);
export const millis = (value) => (value == null ? "–" : value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`);
export const words = (name) => String(name ?? "").replaceAll("_", " ");
/** The name of a setting. */
export const titled = (name) => name.split("_").map((word) => SHORT[word] ?? word).join(" ");

export function size(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(0)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`;
}

/** "5 minutes ago"; older than a week: the date. */
export function ago(text, now = Date.now()) {
  const seconds = (new Date(text).getTime() - now) / 1000;
  if (Math.abs(seconds) > 7 * 86_400) return moment(text);
  const [unit, length] = STEPS.find(([, each]) => Math.abs(seconds) >= each) ?? ["second", 1];
  return relative.format(Math.round(seconds / length), unit);
}
