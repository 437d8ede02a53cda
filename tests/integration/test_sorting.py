"""Every list by every order that the documentation offers."""

from tests.support.system import SystemUnderTest


async def test_every_list_can_be_sorted_as_it_says(system: SystemUnderTest) -> None:
    job = await system.learn(("When do you open?", "We open at nine."))
    known = {"document_id": job["result"]["document_ids"][0], "job_id": job["job_id"]}
    paths = (await system.call("GET", "/schema/openapi.json"))["paths"]
    offered = [
        (path.format_map({**known, **dict.fromkeys(("webhook_id", "draft_id"), "none")}), order)
        for path, methods in paths.items()
        for parameter in methods.get("get", {}).get("parameters", [])
        if parameter["name"] == "sort"
        for order in parameter["schema"].get("enum", [])
    ]

    answers = {
        f"{path}?sort={order}": (await system.http.get(path, params={"sort": order})).status_code
        for path, order in offered
    }

    assert len(answers) > 40
    assert {path: status for path, status in answers.items() if status not in (200, 404)} == {}
