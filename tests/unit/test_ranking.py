"""Ranking is a pure function of what the indexes say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ranking import (
    BUILT_IN,
    SINGLE_SPACE,
    Asked,
    Fusion,
    Signals,
    SpaceProfile,
    View,
    asked,
    index_texts,
    merge_answers,
    plan,
    rank,
    subject,
    with_subject,
)

ENGLISH, _ = BUILT_IN.spaces

cosines = st.floats(-0.2, 1.0)
shares = st.floats(0.0, 1.0)
languages = st.sampled_from(["en", "ru", "de", "fr", "es", "it"])


@st.composite
def signals(draw: st.DrawFn, key: str = "p") -> Signals:
    language = draw(languages)
    spaces = ["english", "multilingual"] if language == "en" else ["multilingual"]
    return Signals(
        id=key,
        language=language,
        dense={space: draw(cosines) for space in spaces if draw(st.booleans())},
        lexical_question=draw(shares),
        lexical_pair=draw(shares),
        has_question=draw(st.booleans()),
        answer=draw(st.sampled_from(["Yes.", "No.", "Ask us.", ""])),
    )


@st.composite
def candidate_lists(draw: st.DrawFn) -> list[Signals]:
    return [draw(signals(f"p{n}")) for n in range(draw(st.integers(0, 8)))]


questions = st.builds(asked, st.sampled_from(["how do I pay", "wifi", "как оплатить"]), languages)
fusions = st.builds(Fusion, shares, shares, st.booleans())


def english(key: str, dense: float, question: float = 0.0, pair: float = 0.0, **others: object) -> Signals:
    known = {"english": dense, "multilingual": dense}
    return replace(Signals(key, "en", known, question, pair), **others)


@given(questions, candidate_lists(), fusions)
def test_every_candidate_is_ranked_exactly_once(question: Asked, candidates: list[Signals], fusion: Fusion) -> None:
    ranked = rank(question, candidates, BUILT_IN, fusion)
    assert sorted(r.id for r in ranked) == sorted(c.id for c in candidates)


@given(questions, candidate_lists(), fusions, st.randoms())
def test_the_order_of_the_candidates_does_not_matter(
    question: Asked, candidates: list[Signals], fusion: Fusion, chance: object
) -> None:
    shuffled = list(candidates)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert rank(question, shuffled, BUILT_IN, fusion) == rank(question, candidates, BUILT_IN, fusion)


@given(cosines, cosines, shares, shares, st.sampled_from(["en", "ru"]))
def test_a_closer_pair_never_ranks_lower(one: float, other: float, question: float, pair: float, language: str) -> None:
    near, far = max(one, other), min(one, other)
    candidates = [
        Signals(key, language, {"english": dense, "multilingual": dense}, question, pair)
        for key, dense in (("far", far), ("near", near))
    ]
    ranked = rank(Asked(language, frozenset()), candidates, BUILT_IN)
    assert {r.id: r.score for r in ranked}["near"] >= {r.id: r.score for r in ranked}["far"]


@given(signals(), shares, shares)
def test_more_words_in_common_never_make_a_pair_less_relevant(
    candidate: Signals, more_question: float, more_pair: float
) -> None:
    question = asked("how do I pay", "en")
    richer = replace(
        candidate,
        lexical_question=max(candidate.lexical_question, more_question),
        lexical_pair=max(candidate.lexical_pair, more_pair),
    )
    (before,), (after,) = rank(question, [candidate], BUILT_IN), rank(question, [richer], BUILT_IN)
    assert after.relevance >= before.relevance
    assert after.similarity >= before.similarity


@given(questions, candidate_lists(), fusions)
def test_relevance_and_similarity_do_not_depend_on_the_configured_weights(
    question: Asked, candidates: list[Signals], fusion: Fusion
) -> None:
    configured = {r.id: r for r in rank(question, candidates, BUILT_IN, fusion)}
    for measured in rank(question, candidates, BUILT_IN):
        assert configured[measured.id].relevance == measured.relevance
        assert 0.0 <= configured[measured.id].similarity <= 1.0


@given(questions, candidate_lists())
def test_merging_twice_is_merging_once_and_keeps_the_best_of_each_answer(
    question: Asked, candidates: list[Signals]
) -> None:
    ranked = rank(question, candidates, BUILT_IN)
    merged = merge_answers(ranked)
    assert merge_answers(merged) == merged
    assert merged[:1] == ranked[:1]
    for kept in merged:
        twins = [r for r in ranked if r.answer and r.answer == kept.answer]
        assert not twins or twins[0] is kept


def test_answers_that_differ_in_case_and_spacing_are_one_answer() -> None:
    twins = [english("a", 0.9, answer="Call  us."), english("b", 0.8, answer="call us.")]
    assert [r.id for r in merge_answers(rank(asked("phone?", "en"), twins, BUILT_IN))] == ["a"]


def test_long_answers_that_only_begin_alike_are_two_answers() -> None:
    begin = "Please open the settings of your account and then choose"
    twins = [english("a", 0.9, answer=f"{begin} Delete."), english("b", 0.8, answer=f"{begin} Export.")]
    assert len(merge_answers(rank(asked("export?", "en"), twins, BUILT_IN))) == 2


def test_pairs_without_an_answer_are_never_taken_for_one() -> None:
    ranked = rank(asked("phone?", "en"), [english("a", 0.9), english("b", 0.8)], BUILT_IN)
    assert len(merge_answers(ranked)) == 2


def test_english_over_english_follows_the_measured_formula() -> None:
    (found,) = rank(asked("reset my password", "en"), [english("a", 0.6, 0.5, 0.4)], BUILT_IN)
    assert found.score == pytest.approx(0.6 + 0.20 * 0.5 + 0.05 * 0.4)
    assert (found.space, found.view) == ("english", View.SAME_LANGUAGE)


def test_a_passage_leans_on_the_words_of_its_text() -> None:
    passage = english("a", 0.6, 0.5, 0.4, has_question=False)
    (found,) = rank(asked("reset my password", "en"), [passage], BUILT_IN)
    assert found.score == pytest.approx(0.6 + 0.30 * 0.4)
    assert found.view is View.PASSAGE


@pytest.mark.parametrize(
    ("question", "pair", "has_question", "view"),
    [
        ("ru", "ru", True, View.SAME_LANGUAGE),
        ("ru", "ru", False, View.PASSAGE),
        ("ru", "en", True, View.OTHER_LANGUAGE),
        ("en", "ru", True, View.OTHER_LANGUAGE),
        ("en", "de", False, View.OTHER_PASSAGE),
    ],
)
def test_whatever_is_not_english_over_english_is_compared_in_the_multilingual_space(
    question: str, pair: str, has_question: bool, view: View
) -> None:
    candidate = Signals("a", pair, {"multilingual": 0.7}, has_question=has_question)
    (found,) = rank(Asked(question, frozenset()), [candidate], BUILT_IN)
    assert (found.space, found.view) == ("multilingual", view)


def test_a_question_taken_for_english_that_only_the_multilingual_space_understands_is_foreign() -> None:
    pair = Signals("a", "en", {"english": 0.2, "multilingual": 0.7})
    (foreign,) = rank(asked("Passwort vergessen", "en"), [pair], BUILT_IN)
    assert foreign.view is View.OTHER_LANGUAGE
    (spoken,) = rank(asked("where is the Passwort", "en"), [pair], BUILT_IN)
    assert spoken.view is View.SAME_LANGUAGE


def test_of_near_equals_the_article_in_the_language_of_the_question_comes_first() -> None:
    own = Signals("own", "ru", {"multilingual": 0.70}, lexical_question=0.6, lexical_pair=0.5)
    translated = Signals("translated", "en", {"english": 0.1, "multilingual": 0.72})
    ranked = rank(asked("как сбросить пароль", "ru"), [translated, own], BUILT_IN)
    assert [r.id for r in ranked] == ["own", "translated"]


def test_a_foreign_article_that_answers_beats_one_in_the_own_language_that_does_not() -> None:
    wrong = Signals("wrong", "ru", {"multilingual": 0.45}, lexical_question=0.3, lexical_pair=0.2)
    right = Signals("right", "en", {"english": 0.1, "multilingual": 0.72})
    assert rank(asked("как сбросить пароль", "ru"), [wrong, right], BUILT_IN)[0].id == "right"


def test_without_hybrid_search_only_the_meaning_counts() -> None:
    candidates = [english("words", 0.5, 1.0, 1.0), english("meaning", 0.6)]
    ranked = rank(asked("pay", "en"), candidates, BUILT_IN, Fusion(hybrid=False))
    assert [r.id for r in ranked] == ["meaning", "words"]
    assert rank(asked("pay", "en"), candidates, BUILT_IN)[0].id == "words"


def test_a_heavier_bm25_weight_moves_the_order_towards_the_words() -> None:
    candidates = [english("words", 0.4, 0.9, 0.9), english("meaning", 0.7)]
    light, heavy = Fusion(0.7, 0.3), Fusion(0.4, 0.6)
    assert rank(asked("pay", "en"), candidates, BUILT_IN, light)[0].id == "meaning"
    assert rank(asked("pay", "en"), candidates, BUILT_IN, heavy)[0].id == "words"


def test_no_vector_weight_at_all_is_words_alone() -> None:
    candidates = [english("words", 0.0, 0.2), english("meaning", 1.0, 0.1)]
    assert rank(asked("pay", "en"), candidates, BUILT_IN, Fusion(0.0, 1.0))[0].id == "words"


def test_equal_weights_fuse_by_reciprocal_ranks() -> None:
    candidates = [english("both", 0.7, 0.5), english("meaning", 0.9), english("words", 0.1, 0.9)]
    ranked = rank(asked("pay", "en"), candidates, BUILT_IN, Fusion(0.5, 0.5))
    assert {r.id: r.score for r in ranked} == pytest.approx(
        {"both": 1 / 62 + 1 / 62, "meaning": 1 / 61, "words": 1 / 61 + 1 / 63}
    )


@pytest.mark.parametrize("space", BUILT_IN.spaces, ids=lambda s: s.name)
def test_the_floor_of_every_view_lies_at_the_default_similarity_threshold(space: SpaceProfile) -> None:
    for view, weights in space.weights.items():
        written = view in (View.SAME_LANGUAGE, View.OTHER_LANGUAGE)
        across = view in (View.OTHER_LANGUAGE, View.OTHER_PASSAGE)
        pair_language = "en" if space is ENGLISH else "ru"
        at_floor = {space.name: weights.floor - weights.offset}
        candidate = Signals("a", pair_language, at_floor, has_question=written)
        (found,) = rank(Asked("de" if across else pair_language, frozenset()), [candidate], BUILT_IN)
        assert found.view is view
        assert found.similarity == pytest.approx(0.4)


def test_english_questions_are_searched_in_both_spaces_and_others_in_the_multilingual_one() -> None:
    assert [s.space for s in plan("en", BUILT_IN)] == ["english", "multilingual"]
    assert [s.space for s in plan("ru", BUILT_IN)] == ["multilingual"]
    assert [s.space for s in plan("it", SINGLE_SPACE)] == ["default"]


@pytest.mark.parametrize("space", [*BUILT_IN.spaces, *SINGLE_SPACE.spaces], ids=lambda s: s.name)
def test_the_texts_of_a_pair_mix_to_one_whole(space: SpaceProfile) -> None:
    recipe = index_texts(space, "How?", "So.")
    assert [text for text, _ in recipe] == ["How?", "How? So."]
    assert sum(weight for _, weight in recipe) == pytest.approx(1.0)
    assert index_texts(space, "", "So.") == (("So.", 1.0),)
    assert index_texts(space, "Heading", "So.", has_question=False) == (("Heading So.", 1.0),)


def test_a_pair_is_read_with_the_subject_its_metadata_names() -> None:
    about = subject({"entity": "Hotel X", "source": "import"})
    assert with_subject("Is there wifi?", about) == "Hotel X: Is there wifi?"
    assert with_subject("Is there wifi?", subject({})) == "Is there wifi?"
