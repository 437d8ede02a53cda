"""Wording the answer: word for word from the best approved pair, or by a language model from the sources only."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from application.meaning import Meaning
from application.ports.models import ChatMessage, GenerationOptions, LanguageModel
from domain.errors import DeadlineExceeded, ServiceUnavailable
from domain.prompts import answer_prompt
from domain.qa_pairs import QAPair
from domain.queries import Turn
from domain.sentences import sentences
from domain.support import Evidence, declines

Emit = Callable[[str], Awaitable[None]]
"""Takes a piece of the answer on its way to the person."""


@dataclass(frozen=True, slots=True)
class Generated:
    text: str
    mode: str
    """extractive or llm."""
    model: str
    degraded: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    """Claims that were written and not sent."""
    emitted: bool = False
    """The pieces went out while it was written."""
    declined: bool = False
    """The model says that the sources hold no answer: a person should give it."""


@dataclass(frozen=True, slots=True)
class Brief:
    """What an answer is written from."""

    question: str
    language: str
    pairs: Sequence[QAPair]
    history: Sequence[Turn]
    options: GenerationOptions


class Writer:
    """Falls back to the best approved answer whenever the model fails or says what no source supports."""

    def __init__(self, model: LanguageModel | None, meaning: Meaning) -> None:
        self._model, self._meaning = model, meaning

    @property
    def name(self) -> str:
        return self._model.name if self._model else "extractive"

    async def __call__(self, brief: Brief, emit: Emit | None = None) -> Generated:
        if self._model is None:
            return _extractive(brief)
        try:
            return await (self._streamed(self._model, brief, emit) if emit else self._whole(self._model, brief))
        except (ServiceUnavailable, DeadlineExceeded):
            return _extractive(brief, degraded=("llm",))

    async def _whole(self, model: LanguageModel, brief: Brief) -> Generated:
        written = await model.complete(_messages(brief), brief.options)
        claims = await self._unsupported(Evidence(_sources(brief)), written.text, brief)
        if declines(written.text):
            return Generated(written.text.strip(), "llm", written.model, declined=True)
        if claims or not written.text.strip():
            return _extractive(brief, degraded=("support_check",), unsupported=tuple(claims))
        return Generated(written.text.strip(), "llm", written.model)

    async def _streamed(self, model: LanguageModel, brief: Brief, emit: Emit) -> Generated:
        """Sentence by sentence: each is checked before it goes out, an unsupported one never does."""
        evidence = Evidence(_sources(brief))
        sent: list[str] = []
        dropped: list[str] = []
        try:
            async for sentence in _by_sentence(model.stream(_messages(brief), brief.options)):
                if not sent and declines(sentence):
                    return Generated(sentence.strip(), "llm", model.name, declined=True)
                claims = await self._unsupported(evidence, sentence, brief)
                dropped += claims
                if not claims:
                    sent.append(sentence)
                    await emit(sentence)
        except (ServiceUnavailable, DeadlineExceeded):
            if not sent:
                raise
            return Generated("".join(sent).strip(), "llm", model.name, ("llm",), tuple(dropped), emitted=True)
        if not "".join(sent).strip():
            return _extractive(brief, degraded=("support_check",), unsupported=tuple(dropped))
        lost = ("support_check",) if dropped else ()
        return Generated("".join(sent).strip(), "llm", model.name, lost, tuple(dropped), emitted=True)

    async def _unsupported(self, evidence: Evidence, text: str, brief: Brief) -> list[str]:
        return await self._meaning.unresolved(evidence.doubts(text, brief.language), brief.language)


def _extractive(brief: Brief, degraded: tuple[str, ...] = (), unsupported: tuple[str, ...] = ()) -> Generated:
    return Generated(brief.pairs[0].answer, "extractive", "extractive", degraded, unsupported)


def _messages(brief: Brief) -> list[ChatMessage]:
    prompt = answer_prompt(brief.question, brief.language, brief.pairs, brief.history)
    return [ChatMessage(role, content) for role, content in prompt]


def _sources(brief: Brief) -> list[str]:
    return [f"{pair.question}\n{pair.answer}" for pair in brief.pairs]


async def _by_sentence(pieces: AsyncIterator[str]) -> AsyncIterator[str]:
    """Whole sentences, with the white space that follows them, as soon as the next one begins."""
    held = ""
    async for piece in pieces:
        held += piece
        *complete, held = sentences(held) or [""]
        for sentence in complete:
            yield sentence
    if held:
        yield held
