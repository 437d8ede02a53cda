/** The views, in the order of the menu. `needs`: one of these routes must be served; `key`: after `g`. */
import { Ask } from "./views/ask.js";
import { Knowledge } from "./views/knowledge.js";
import { REVIEW_KEYS, Review } from "./views/review.js";

export const VIEWS = [
  { name: "ask", title: "Ask", key: "a", View: Ask, needs: ["/api/v1/chat/stream", "/api/v1/queries"] },
  { name: "review", title: "Review", key: "r", View: Review, needs: ["/api/v1/documents/pending-review"], keys: REVIEW_KEYS },
  { name: "knowledge", title: "Knowledge", key: "k", View: Knowledge, needs: ["/api/v1/documents"] },
];
