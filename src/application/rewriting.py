"""Making a follow-up stand alone: by a language model where there is one, by rule otherwise."""

from application.ports.models import ChatMessage, GenerationOptions, LanguageModel
from application.run import Run
from domain.errors import DeadlineExceeded, ServiceUnavailable
from domain.leaning import is_fragment
from domain.prompts import rewrite_prompt
from domain.rewriting import leans_on_history, stand_alone

MAX_TOKENS = 120
PATIENCE = 10.0
"""Seconds the model may take, and never more than a third of the question's own time."""


class Rewriter:
    def __init__(self, model: LanguageModel | None) -> None:
        self._model = model

    async def __call__(self, run: Run) -> tuple[str, str | None]:
        """The question that stands alone, and who made it so: llm, rule, or nobody. One that stands alone is
        left alone."""
        run.bare = run.text
        run.leaning = bool(run.history) and leans_on_history(run.text, run.language, run.history)
        if not run.leaning:
            return run.text, None
        written = await self._written(self._model, run) if self._model else None
        if written:
            run.bare = written
            return written, "llm"
        by_rule = stand_alone(run.text, run.language, run.history)
        run.bare = by_rule if is_fragment(run.text, run.language) else run.text
        return by_rule, "rule" if by_rule != run.text else None

    async def _written(self, model: LanguageModel, run: Run) -> str | None:
        prompt = [ChatMessage(role, text) for role, text in rewrite_prompt(run.text, run.history)]
        options = GenerationOptions(0.0, MAX_TOKENS, min(PATIENCE, run.seconds / 3))
        try:
            return (await model.complete(prompt, options)).text.strip() or None
        except (ServiceUnavailable, DeadlineExceeded):
            run.degrade("llm")
            return None
