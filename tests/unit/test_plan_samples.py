import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import PlanError
from cockpit.plan.effect import not_in_effect
from cockpit.plan.legs import cut
from cockpit.plan.load import load_plan
from cockpit.plan.problems import MODELS
from cockpit.plan.schema import DESCRIPTIONS, plan_schema
from cockpit.plan.yamltree import read

SAMPLES = Path(__file__).parents[2] / "sample_plans"
GOOD = sorted(path for path in SAMPLES.glob("*.yaml") if not path.stem.startswith("demo"))
BROKEN = sorted((SAMPLES / "broken").glob("*.yaml"))


def data_of(path: Path) -> Any:
    root = read(path.read_text())
    assert root is not None
    return root.data


def fits(value: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    """Check plain data against as much of JSON Schema as the plan's schema uses."""
    if "$ref" in schema:
        return fits(value, root["definitions"][schema["$ref"].rsplit("/", 1)[1]], root)
    kinds: dict[str, Any] = {
        "string": str,
        "number": int | float,
        "integer": int,
        "boolean": bool,
        "array": list,
        "object": dict,
        "null": type(None),
    }
    allowed = schema.get("type", [])
    names = allowed if isinstance(allowed, list) else [allowed]
    unbool = [name for name in names if name == "boolean" or not isinstance(value, bool)]
    if names and not any(isinstance(value, kinds[name]) for name in unbool):
        return False
    checks = [
        all(fits(value, part, root) for part in schema.get("allOf", [])),
        "anyOf" not in schema or any(fits(value, part, root) for part in schema["anyOf"]),
        "enum" not in schema or value in schema["enum"],
        "const" not in schema or value == schema["const"],
        "pattern" not in schema or not isinstance(value, str) or re.search(schema["pattern"], value) is not None,
    ]
    if isinstance(value, list):
        checks += [len(value) >= schema.get("minItems", 0)]
        checks += [fits(item, schema["items"], root) for item in value if "items" in schema]
    if isinstance(value, dict):
        keys, rest = schema.get("properties", {}), schema.get("additionalProperties", True)
        patterns = schema.get("patternProperties", {})
        keys = keys | {key: part for pattern, part in patterns.items() for key in value if re.search(pattern, key)}
        checks += [key in value for key in schema.get("required", [])]
        for key, item in value.items():
            if key in keys:
                checks.append(fits(item, keys[key], root))
            else:
                checks.append(rest if isinstance(rest, bool) else fits(item, rest, root))
    return all(checks)


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_samples_are_good_plans_for_the_loader_and_for_editors(path: Path) -> None:
    assert path.read_text().splitlines()[0] == "# yaml-language-server: $schema=plan.schema.json"
    loaded = load_plan(path)
    assert cut(loaded.plan)
    agents = loaded.plan.agents.values()
    assert {profile.run for profile in agents if profile.preset is None} <= {("python3", "tools/scripted_agent.py")}
    assert path.stem == "claude" or not any(profile.preset for profile in agents)
    schema = plan_schema()
    assert fits(data_of(path), schema, schema)
    assert not_in_effect(loaded.plan) == ()


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_commands_of_the_samples_work_in_a_scratch_repository(path: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "GIT_CONFIG_NOSYSTEM": "1"}

    def run(command: str | tuple[str, ...]) -> None:
        argv = ("sh", "-c", command) if isinstance(command, str) else command
        done = subprocess.run(argv, cwd=repo, env=home, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (argv, done)

    repo = tmp_path / "repo"
    repo.mkdir()
    (repo / "one.py").write_text("ONE = 1\n")
    run(("git", "init", "-q"))
    run(("git", "add", "."))
    run(("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "first"))
    plan = load_plan(path).plan
    prepare = plan.prepare.run if plan.prepare is not None else ()
    gates = [gate.run for gate in plan.gates if gate.run is not None]
    for command in (*prepare, *prepare, *plan.setup.run, *gates, *(notify.run for notify in plan.notify)):
        run(command)
    changed = subprocess.run(
        ["git", "status", "--porcelain"], cwd=repo, env=home, capture_output=True, text=True, check=True
    )
    assert changed.stdout == ("?? packages/\n" if prepare else "")
    if prepare:
        assert (repo / "packages/core/src/index.ts").read_text().count("export *") == 3


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_each_broken_sample_has_the_one_problem_that_it_shows(path: Path) -> None:
    first = path.read_bytes().splitlines()[0].decode()
    found = re.fullmatch(r"# expect: (.+) @ (\d+):(\d+)", first)
    assert found is not None
    with pytest.raises(PlanError) as caught:
        load_plan(path)
    (problem,) = caught.value.problems
    assert found[1] in problem.message
    assert (problem.line, problem.column) == (int(found[2]), int(found[3]))
    assert problem.hint
    assert str(problem).startswith(f"{path}:{found[2]}:{found[3]}:")


@pytest.mark.parametrize(
    "name", ["unknown-key", "wrong-type", "id-not-allowed", "unknown-preset", "unknown-event", "no-workstreams"]
)
def test_editors_see_what_the_loader_sees(name: str) -> None:
    schema = plan_schema()
    assert not fits(data_of(SAMPLES / "broken" / f"{name}.yaml"), schema, schema)


def test_every_error_class_has_a_sample() -> None:
    assert len(BROKEN) == 25


def test_the_written_schema_is_current() -> None:
    text = (SAMPLES / "plan.schema.json").read_text()
    assert text == json.dumps(plan_schema(), indent=2, ensure_ascii=False) + "\n"


def test_every_key_is_described_and_nothing_else() -> None:
    keys = {
        f"{model.__name__}.{field.alias or name}"
        for model in MODELS.values()
        for name, field in model.model_fields.items()
    }
    assert set(DESCRIPTIONS) == keys


def test_live_services_has_two_rounds() -> None:
    plan = load_plan(SAMPLES / "live-services.yaml").plan
    assert (len(plan.workstreams), len(plan.issues_by_id)) == (6, 17)
    legs = {leg.key: leg for leg in cut(plan)}
    assert {key: (leg.round, leg.depends_on) for key, leg in legs.items()} == {
        "@prepare": (0, ()),
        "ci-testing/SMI-1582": (1, ("@prepare",)),
        "security/SMI-1454": (1, ("@prepare",)),
        "database/SMI-1446": (1, ("@prepare",)),
        "database/SMI-1452": (2, ("@prepare", "database/SMI-1446")),
        "cli-devops/SMI-1449": (1, ("@prepare",)),
        "cli-devops/SMI-1455": (2, ("@prepare", "database/SMI-1446")),
        "api-monitoring/SMI-1447": (1, ("@prepare",)),
        "docs/SMI-1451": (1, ("@prepare",)),
    }
    assert legs["database/SMI-1446"].issues == ("SMI-1446", "SMI-1448")
    assert not_in_effect(plan) == ()
