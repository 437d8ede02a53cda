/** The views, in the order of the menu. `needs`: one of these routes must be served; `key`: after `g`. */
import { Analytics } from "./views/analytics.js";
import { Ask } from "./views/ask.js";
import { Configuration } from "./views/configuration.js";
import { Escalations } from "./views/escalations.js";
import { Knowledge } from "./views/knowledge.js";
import { REVIEW_KEYS, Review } from "./views/review.js";
import { Webhooks } from "./views/webhooks.js";

export const VIEWS = [
  { name: "ask", title: "Ask", key: "a", View: Ask, needs: ["/api/v1/chat/stream", "/api/v1/queries"] },
  { name: "review", title: "Review", key: "r", View: Review, needs: ["/api/v1/documents/pending-review"], keys: REVIEW_KEYS },
  { name: "knowledge", title: "Knowledge", key: "k", View: Knowledge, needs: ["/api/v1/documents"] },
  { name: "escalations", title: "Escalations", key: "e", View: Escalations, needs: ["/api/v1/escalations"] },
  { name: "webhooks", title: "Webhooks", key: "w", View: Webhooks, needs: ["/api/v1/webhooks"] },
  { name: "analytics", title: "Analytics", key: "n", View: Analytics, needs: ["/api/v1/analytics/metrics"] },
  { name: "configuration", title: "Configuration", key: "c", View: Configuration, needs: ["/api/v1/config", "/api/v1/guardrails", "/api/v1/intents", "/api/v1/categories"] },
];
