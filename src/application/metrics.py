"""Every number that the service shows to whoever watches it."""

from application.ports.telemetry import Kind, Metric


def _counter(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.COUNTER, text, labels)


def _times(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.TIMES, text, labels)


def _gauge(name: str, text: str, *labels: str) -> Metric:
    return Metric(name, Kind.GAUGE, text, labels)


REQUESTS = _counter("supportrag_http_requests_total", "Answers to HTTP requests.", "method", "route", "status")
REQUEST_TIMES = _times("supportrag_http_request_seconds", "Time to answer an HTTP request.", "method", "route")

QUESTIONS = _counter("supportrag_questions_total", "Questions, by what became of them.", "outcome")
QUESTION_TIMES = _times("supportrag_question_seconds", "Time to answer a question, or to hand it over.", "outcome")
HANDED_OVER = _counter("supportrag_escalations_total", "Questions handed to a person, by why.", "reason")
DEGRADED = _counter("supportrag_degraded_questions_total", "Questions answered without a part of the service.", "part")
STEPS = _counter("supportrag_pipeline_steps_total", "Steps of the pipeline.", "step", "status")
STEP_TIMES = _times("supportrag_pipeline_step_seconds", "Time of a step of the pipeline.", "step")
RETRIEVALS = _counter("supportrag_retrievals_total", "Searches for an answer, by how they were made.", "mode")
NOTHING_FOUND = _counter("supportrag_empty_retrievals_total", "Searches for an answer that found nothing.")
CACHE_LOOKUPS = _counter("supportrag_cache_lookups_total", "Looks into the cache: exact, semantic or miss.", "result")
GENERATED_TOKENS = _counter("supportrag_llm_tokens_total", "Tokens of the language model.", "model", "direction")

JOBS = _counter("supportrag_jobs_total", "Jobs that were worked on, by how that ended.", "type", "result")
JOB_TIMES = _times("supportrag_job_seconds", "Time that a process worked on a job.", "type")

DELIVERIES = _counter("webhook_deliveries_total", "Attempts to deliver to a webhook: success or failure.", "status")
DELIVERY_TIMES = _times("webhook_delivery_seconds", "From the attempt to the receiver's answer.")
DELIVERY_RETRIES = _counter("webhook_retries_total", "Attempts after the first.")
EVENTS = _counter("webhook_events_total", "Public events that became deliveries or the event log's.", "type")
QUEUE_SIZE = _gauge("webhook_queue_size", "Deliveries that wait.")
IN_FLIGHT = _gauge("webhook_deliveries_in_flight", "Deliveries on their way.")
FAILED_DELIVERIES = _gauge("webhook_failed_deliveries", "Deliveries that were given up and wait for a person.")
OLDEST_DUE = _gauge("webhook_oldest_due_seconds", "For how long the oldest due delivery waits.")

HEALTH = _gauge("supportrag_health", "1: healthy, 0.5: degraded, 0: unhealthy.", "component")
LIMIT_FALLBACKS = _counter(
    "supportrag_rate_limit_fallbacks_total", "Requests counted in the process because Redis was out of reach."
)
ERRORS = _counter("supportrag_errors_total", "Errors that were nobody's wish.", "where")
LOST_LOG_LINES = _gauge("supportrag_log_lines_dropped", "Log lines of this process that could not be kept.")

ALL = tuple(value for value in globals().values() if isinstance(value, Metric))
