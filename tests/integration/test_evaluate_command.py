"""`supportrag evaluate` and `calibrate`, as somebody types them."""

import json
import subprocess
from pathlib import Path

import pytest
from tests.support.processes import COMMAND

from entrypoints.commands.dataset_files import BadDataset, read_rows

KNOWLEDGE = [
    {"question": "How do I reset my password?", "answer": "Open Settings, choose Security and press Reset password."},
    {"question": "Where can I park my bicycle?", "answer": "There is a bicycle stand behind the building."},
]


def run(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), **_python_path()}
    return subprocess.run([*COMMAND, *arguments], env=env, capture_output=True, text=True, timeout=240, cwd=tmp_path)


def _python_path() -> dict[str, str]:
    import os

    return {"PYTHONPATH": os.environ["PYTHONPATH"]} if "PYTHONPATH" in os.environ else {}


def test_a_file_of_questions_is_judged_and_holds_the_bar_or_not(tmp_path: Path) -> None:
    (tmp_path / "faq.json").write_text(json.dumps(KNOWLEDGE))
    rows = [{"user_input": "my password is gone", "ground_truth": KNOWLEDGE[0]["answer"]}]
    (tmp_path / "asked.jsonl").write_text("\n".join(map(json.dumps, rows)))
    bars = ("--fail-under", "faithfulness=0.9", "--fail-under", "context_recall=1.01")
    done = run(tmp_path, "evaluate", "asked.jsonl", "--knowledge", "faq.json", "--json", *bars)
    assert done.returncode == 1, done.stderr
    found = json.loads(done.stdout)
    assert (found["dataset_id"], found["judged"], found["judge"]) == ("asked", 1, "built-in")
    assert found["metrics"]["faithfulness"]["mean"] == 1.0
    assert done.stderr.strip() == "context_recall is 1.000, less than 1.01."


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["evaluate"], "Name a file"),
        (["evaluate", "--dataset", "x"], "Name a server"),
        (["evaluate", "--dataset", "x", "--fail-under", "beauty=1"], "--fail-under takes METRIC=NUMBER"),
        (["evaluate", "--dataset", "x", "--metric", "beauty"], "beauty"),
        (["evaluate", "nowhere.json"], "does not exist"),
        (["calibrate", "--rollback", "--dry-run"], "--rollback stands alone"),
        (["calibrate"], "name a server with --url"),
    ],
)
def test_what_cannot_be_meant_is_a_usage_error(tmp_path: Path, arguments: list[str], said: str) -> None:
    done = run(tmp_path, *arguments)
    assert done.returncode == 2, done.stderr
    assert said in " ".join(done.stderr.replace("│", " ").split())


def test_a_dataset_is_read_from_each_format_with_either_names(tmp_path: Path) -> None:
    wanted = [{"id": "1", "question": "Q?", "answer": "A.", "contexts": ["C one", "C two"], "reference": "R."}]
    ragas = {"id": 1, "user_input": "Q?", "response": "A.", "retrieved_contexts": ["C one", "C two"], "reference": "R."}
    files = {
        "a.json": json.dumps({"rows": [ragas]}),
        "b.json": json.dumps([ragas]),
        "c.jsonl": json.dumps(ragas) + "\n\n",
        "d.csv": 'id,question,answer,contexts,ground_truth\n1,Q?,A.,"[""C one"", ""C two""]",R.\n',
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
        assert read_rows(tmp_path / name) == wanted, name


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.json", "[", "cannot be read as json"),
        ("b.jsonl", "", "has no rows"),
        ("c.jsonl", '{"prompt": "Q?"}', "Row 1 has no question; it has: prompt"),
        ("d.json", "[1]", "Row 1 is not an object"),
    ],
)
def test_a_file_that_is_no_dataset_says_why(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(BadDataset, match=said):
        read_rows(tmp_path / name)
