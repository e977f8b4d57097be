import json
import re
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.engine import notify
from cockpit.errors import PlanError
from cockpit.plan import checks
from cockpit.plan.checks import Finding
from cockpit.plan.graph import rings
from cockpit.plan.load import LARGEST, Loaded, load_plan, parse_plan
from cockpit.plan.problems import MODELS, known_keys, shown
from cockpit.plan.settings import Cost, Event
from cockpit.plan.values import Frozen
from cockpit.plan.yamltree import YamlError, plain, read
from cockpit.quality import scope
from cockpit.quality.rules import RULES
from tests.plans import generated, plans

ONE = "workstreams:\n  - id: api\n"
PLACE = Path("/nowhere/plan.yaml")
PRESETS = "claude, codex, opencode, gemini, aider, acp, shell"


def problems(text: str) -> list[str]:
    with pytest.raises(PlanError) as caught:
        parse_plan(text, PLACE)
    assert all(problem.hint for problem in caught.value.problems)
    return [f"{p.line}:{p.column} {p.where}: {p.message}" for p in caught.value.problems]


def test_everything_has_a_default() -> None:
    loaded = parse_plan(ONE, PLACE)
    plan = loaded.plan
    (api,) = plan.workstreams
    assert loaded.name == "plan"
    assert loaded.branch_of(api) == "plan/api"
    assert (plan.limits.agents, plan.limits.run_timeout, plan.limits.stall) == (3, None, 900.0)
    assert (plan.limits.retries, plan.limits.backoff, plan.limits.min_free_disk) == (1, 30.0, 5 * 10**9)
    assert [(gate.name, gate.builtin) for gate in plan.gates] == [("syntax", "syntax")]
    assert plan.approve_of(api).start == "never"
    assert plan.asks_merge(api)
    assert not plan.asks_start(api)
    assert (plan.merge.strategy, plan.merge.on_conflict, plan.merge.rebase_others) == ("merge", "ask", True)
    assert plan.cleanup == "merged"
    assert plan.agents_of(api) == ()


def test_the_whole_example_of_the_format_is_read() -> None:
    text = """
cockpit: 1
name: checkout-rewrite
repo: .
base: main
worktrees: ../{repo}.worktrees
branch: "{plan}/{id}"
agents:
  claude: {preset: claude, model: sonnet, slots: 2, env: {FOO: bar, PORT: 80}, args: ["--max-turns", "40"],
           cost: {input: 3.0, cached: 0.3, output: 15.0}, pass_env: [API_KEY]}
  coder: {run: "python tools/agent.py", prompt: stdin, output: plain, slots: 3}
limits: {agents: 3, run_timeout: 2h, stall: 10m, retries: 1, backoff: 30s, min_free_disk: 10GB, cost: 25.00}
shared_files: ["package.json"]
prepare: {run: ["python tools/stubs.py"], message: "chore: add export stubs"}
setup: {copy: [".env*"], link: ["node_modules"], run: ["npm ci", [npm, test]], timeout: 10m}
gates:
  - {name: syntax, builtin: syntax}
  - {name: types, run: "mypy src", timeout: 5m}
  - {name: tests, run: [pytest, -q], when: critical}
  - {name: all, run: "make", when: merge}
quality: {quarantine: [SECURITY_RISK], settle: 20s, ignore: ["tests/**"],
          forbid: [{name: print-debug, pattern: "console\\\\.log", severity: MEDIUM, paths: ["src/**"]}]}
approve: {start: never, merge: always}
merge: {strategy: squash, on_conflict: ask, rebase_others: true, message: "x"}
cleanup: merged
commit: {hooks: true, sign: true}
notify:
  - {on: [quarantined, conflict], run: "notify-send"}
alerts: {agent_failure_rate: 5%, errors_per_hour: 10, gate_p95: 10m}
answers: [{match: "ok?", reply: "yes", threshold: 80%}]
track: false
workstreams:
  - id: api
    priority: P1
    critical: true
    agent: claude
    fallback: [coder]
    branch: feature/api
    estimate: 3-4h
    depends_on: [database]
    files: ["src/api/**"]
    sparse: false
    prompt: |
      Keep.
    approve: {merge: critical}
    merge: {strategy: merge}
    gates: [types, tests]
    env: {A: b}
    expect: none
    checklist: ["one"]
    notes: "…"
    status: running
    issues:
      - {id: API-12, priority: high, depends_on: [], estimate: 2h, prompt: "…", completed: 2026-01-01}
      - {id: 13, depends_on: [API-12, database]}
  - id: database
"""
    loaded = parse_plan(text, PLACE)
    plan, api, database = loaded.plan, *loaded.plan.workstreams
    assert plan.agents["claude"].env == {"FOO": "bar", "PORT": "80"}
    assert plan.setup.run == ("npm ci", ("npm", "test"))
    assert plan.setup.copy_ == (".env*",)
    assert (plan.limits.run_timeout, plan.limits.min_free_disk) == (7200.0, 10**10)
    assert plan.alerts.agent_failure_rate == 5.0
    assert api.estimate == (3 * 3600.0, 4 * 3600.0)
    assert [issue.id for issue in api.issues] == ["API-12", "13"]
    assert [issue.priority for issue in api.issues] == [1, 2]
    assert plan.agents_of(api) == ("claude", "coder")
    assert plan.agents_of(database) == ("claude",)
    assert [gate.name for gate in plan.gates_of(api)] == ["types", "tests"]
    assert [gate.name for gate in plan.gates_of(database)] == ["syntax", "types"]
    assert [gate.name for gate in plan.merge_gates] == ["all"]
    assert (plan.merge_of(api).strategy, plan.merge_of(api).message) == ("merge", "x")
    assert plan.merge_of(database).strategy == "squash"
    assert (plan.asks_merge(api), plan.asks_merge(database)) == (True, True)
    assert plan.approve_of(api).merge == "critical"
    assert loaded.branch_of(api) == "feature/api"
    assert loaded.branch_of(database) == "checkout-rewrite/database"


def test_all_problems_of_a_file_come_together_in_order() -> None:
    text = """
agents:
  c: {preset: claud}
  d:
limits: {agents: "3", retries: -1, stall: 0s, cost: no, backoff: soon}
merge: {strategy: rebas}
workstreams:
  - id: a
    titel: x
    critical: yes
    depends_on: [b-2]
  - {id: a, estimate: 4-3h, agent: x}
  - {title: nameless, files: [/etc/**]}
"""
    assert problems(text) == [
        f"3:15 agents.c.preset: unknown preset 'claud', expected one of {PRESETS}",
        "4:5 agents.d: expected keys with values, not nothing",
        "5:18 limits.agents: expected a whole number, not '3'",
        "5:32 limits.retries: -1 is out of range",
        "5:43 limits.stall: must be more than nothing",
        "5:53 limits.cost: expected a number, not 'no'",
        "5:66 limits.backoff: cannot be read as a duration: 'soon'",
        "6:19 merge.strategy: unknown value 'rebas', expected one of merge, squash, rebase",
        "9:5 workstreams[a].titel: unknown key 'titel'",
        "10:15 workstreams[a].critical: expected true or false, not 'yes'",
        "11:18 workstreams[a].depends_on[0]: unknown dependency 'b-2'",
        "12:10 workstreams[a].id: duplicate id 'a'",
        "12:23 workstreams[a].estimate: an estimate runs from low to high: '4-3h'",
        "12:36 workstreams[a].agent: unknown agent 'x'",
        "13:5 workstreams[2].id: key 'id' is missing",
        "13:31 workstreams[2].files[0]: not a path inside the repository: '/etc/**'",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "1:1 : the plan is empty"),
        ("# nothing\n---\n", "1:1 : the plan is empty"),
        ("- a", "1:1 : expected keys with values, such as `workstreams:`"),
        ("workstreams:\n", "1:13 workstreams: expected a list, not nothing"),
        ("a: &x [*x]", "1:8 : alias 'x' stands inside of what it names"),
        ("a: *x", "1:4 : unknown anchor 'x'"),
        ("a: !!python/name:os.system x", "1:4 : tag 'tag:yaml.org,2002:python/name:os.system' is not allowed"),
        ("[a]: b", "1:1 : a key is plain text"),
        ("a: \x07", "1:4 : not YAML: control characters are not allowed"),
        ("a: '\ud800'", "1:1 : not YAML: half a surrogate pair"),
        ("[" * 100_000, "1:65 : nested beyond 64 levels"),
        ("- " * 100_000, "1:129 : nested beyond 64 levels"),
        (f"{ONE}name: ../x", "3:7 name: worktree path that leaves its folder: '../x'"),
        (f"{ONE}worktrees: .", "3:12 worktrees: worktree path that leaves its folder: '.' is the repository itself"),
        (f"{ONE}worktrees: '{{where}}'", "3:12 worktrees: unknown placeholder {where}"),
        (f"{ONE}branch: '{{plan}}/{{what}}'", "3:9 branch: unknown placeholder {what} in a branch name"),
        (f"{ONE}branch: '-{{id}}'", "3:9 branch: git refuses the branch name '-x': it begins with -"),
        (f"{ONE}base: plan/api", "2:9 workstreams[api].id: branch 'plan/api' is already that of base"),
        (f'{ONE}repo: "a\\0b"', "3:7 repo: no program can be given a NUL"),
        (f"{ONE}agents: {{x: {{preset: shell}}}}", "3:13 agents.x: preset shell needs `run`"),
        (f"{ONE}agents: {{'x y': {{run: a}}}}", "3:10 agents.x y: name 'x y' is not allowed"),
        (f"{ONE}    gates: [tests]", "3:13 workstreams[api].gates[0]: unknown gate 'tests'"),
        (f"{ONE}    env: {{A-B: x}}", "3:11 workstreams[api].env.A-B: not a name of an environment variable: 'A-B'"),
        (f"{ONE}    depends_on: [api]", "3:18 workstreams[api].depends_on[0]: dependency cycle: api → api"),
        (f"{ONE}notify: [{{on: [], run: x}}]", "3:15 notify[0].on: the list is empty"),
        (
            f"{ONE}notify: [{{on: [disk, started], run: x}}]",
            f"3:22 notify[0].on[1]: unknown event 'started', expected one of {', '.join(get_args(Event))}",
        ),
        (
            f"{ONE}quality: {{quarantine: [NO]}}",
            f"3:24 quality.quarantine[0]: unknown rule 'NO', expected one of {', '.join(checks.RULES)}",
        ),
        (f"{ONE}gates: [{{name: a, run: []}}]", "3:24 gates[a].run: not a command"),
        (f"workstreams: [{{id: {'x' * 201}}}]", f"1:20 workstreams[{'x' * 201}].id: '{'x' * 58}… is too long"),
    ],
)
def test_a_problem_has_its_place(text: str, expected: str) -> None:
    assert problems(text) == [expected]


def test_a_cycle_is_told_whole_and_in_order() -> None:
    text = """workstreams:
  - {id: a, depends_on: [b]}
  - {id: b, depends_on: [c2], issues: [{id: b1}]}
  - {id: c, issues: [{id: c1, depends_on: [b1]}, {id: c2, depends_on: [c1]}]}
  - {id: d, depends_on: [e]}
  - {id: e, depends_on: [d, a]}
"""
    assert problems(text) == [
        "3:26 workstreams[b].depends_on[0]: dependency cycle: b → c2 → c1 → b1 → b",
        "5:26 workstreams[d].depends_on[0]: dependency cycle: d → e → d",
    ]


def test_an_issue_of_a_workstream_that_its_own_workstream_needs_is_a_cycle() -> None:
    (problem,) = problems("workstreams:\n  - {id: a, depends_on: [a1], issues: [{id: a1}]}\n")
    assert problem.startswith("2:26")
    assert "dependency cycle: a → a1 → a" in problem


def test_every_place_of_an_alias_is_read_alike() -> None:
    loaded = parse_plan("workstreams:\n  - {id: a, files: &f [x, 'y/**']}\n  - {id: b, files: *f}\n", PLACE)
    assert [workstream.files for workstream in loaded.plan.workstreams] == [("x", "y/**")] * 2


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.yaml", tmp_path):
        with pytest.raises(PlanError, match="cannot be read"):
            load_plan(path)


def test_a_file_over_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    fitting = ONE + "#" * (LARGEST - len(ONE))
    path.write_text(fitting)
    assert load_plan(path).plan.workstreams[0].id == "api"
    path.write_text(fitting + "#")
    with pytest.raises(PlanError, match="larger than 8 MiB"):
        load_plan(path)


def test_the_folders_follow_from_the_plans_place(tmp_path: Path) -> None:
    repo = tmp_path / "shop"
    (repo / ".git").mkdir(parents=True)
    (repo / "plans").mkdir()
    path = repo / "plans" / "new shop.yaml"
    path.write_text(ONE)
    loaded = load_plan(path)
    real = Path(repo).resolve()
    assert loaded.repo == real
    assert loaded.name == "new-shop"
    assert loaded.worktrees == real.parent / "shop.worktrees"
    assert loaded.worktree_of(loaded.plan.workstreams[0]) == real.parent / "shop.worktrees" / "api"
    path.write_text(f"{ONE}repo: ..\nworktrees: '../{{plan}}/x'\nname: n\n")
    loaded = load_plan(path)
    assert loaded.repo == real
    assert loaded.worktrees == real.parent / "n" / "x"


def test_a_link_in_the_place_of_a_worktree_is_refused(tmp_path: Path) -> None:
    repo, elsewhere = tmp_path / "shop", tmp_path / "elsewhere"
    for folder in (repo / ".git", elsewhere, tmp_path / "shop.worktrees"):
        folder.mkdir(parents=True)
    (tmp_path / "shop.worktrees" / "api").symlink_to(elsewhere)
    path = repo / "plan.yaml"
    path.write_text(ONE)
    with pytest.raises(PlanError, match=r"leaves its folder.*symbolic link"):
        load_plan(path)
    path.write_text("worktrees: ..\nworkstreams: [{id: shop}]\n")
    with pytest.raises(PlanError, match="holds the repository"):
        load_plan(path)


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + ONE.encode())
    assert load_plan(path).plan.workstreams[0].id == "api"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("2026-01-18", "2026-01-18"),
        ("1_000", "1_000"),
        ("=", "="),
        ("<<", "<<"),
        ("true", True),
        ("~", None),
        ("0x1F", 31),
        ("0o17", 15),
        ("017", 17),
        ("-3", -3),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("9" * 5000, "9" * 5000),
    ],
)
def test_plain_words_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value) or isinstance(value, int | float)


def test_every_model_is_known_by_its_place() -> None:
    assert set(MODELS.values()) | {Frozen} >= {m for m in Frozen.__subclasses__() if m.__name__ != "Tracked"}
    assert known_keys(("agents", "x", "cost")) == tuple(Cost.model_fields)
    assert known_keys(("workstreams", 3, "issues", 1))[0] == "id"
    assert known_keys(("elsewhere",)) == ()


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=5), st.lists))
def test_any_value_can_be_shown_on_one_short_line(value: object) -> None:
    assert re.fullmatch(r"[^\x00-\x1f]{1,60}", shown(value))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="ab: -[]{}&*!|>'\"#\n\t,?%@~0.é", max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read(text)
    except YamlError as refused:
        flaws = refused.flaws
    else:
        return
    assert flaws
    assert all(flaw.line >= 1 and flaw.column >= 1 and flaw.message for flaw in flaws)


KEYS = st.sampled_from(
    sorted({key for model in MODELS.values() for key in model.model_fields} | {"copy", "strange", "x"})
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.sampled_from(["a", "b", "1h", "{id}", "../x", "claude", "-", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=25,
)


@settings(max_examples=250, deadline=None)
@given(st.dictionaries(KEYS, VALUES, max_size=6), VALUES, VALUES)
def test_any_tree_is_a_plan_or_a_list_of_problems(top: dict[str, object], one: object, other: object) -> None:
    text = json.dumps({**top, "workstreams": [one, other, {"id": "a", "issues": [one, other]}]})
    try:
        loaded = parse_plan(text, PLACE)
    except PlanError as refused:
        found = refused.problems
    else:
        assert isinstance(loaded, Loaded)
        return
    assert found
    assert all(problem.message and problem.line for problem in found)


@settings(max_examples=60, deadline=None)
@given(plans())
def test_drawn_plans_are_acyclic(data: dict[str, object]) -> None:
    assert parse_plan(json.dumps(data), PLACE).plan.workstreams


def test_generated_plans_load_at_any_size() -> None:
    for count, issues in ((1, 0), (1, 3), (40, 0), (200, 3)):
        plan = parse_plan(generated(count, issues), PLACE).plan
        assert (len(plan.workstreams), len(plan.issues_by_id)) == (count, count * issues)
    assert generated(5, seed=1) == generated(5, seed=1) != generated(5, seed=2)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from("abcdef"), st.lists(st.sampled_from("abcdef"), max_size=3)))
def test_rings_are_rings_and_none_is_missed(graph: dict[str, list[str]]) -> None:
    found = rings(graph)
    for ring in found:
        assert all(other in graph[node] for node, other in zip(ring, [*ring[1:], ring[0]], strict=True))
    taken = {node for ring in found for node in ring}
    assert sum(map(len, found)) == len(taken)
    kept = graph.keys() - taken
    left = {node: kept.intersection(graph[node]) for node in kept}
    while free := [node for node, needs in left.items() if not needs]:
        left = {node: needs - set(free) for node, needs in left.items() if node not in free}
    assert not left


def test_a_long_chain_and_a_long_ring_need_no_recursion() -> None:
    chain = {str(n): [str(n + 1)] for n in range(20_000)}
    assert rings(chain) == []
    assert len(rings({**chain, "20000": ["0"]})[0]) == 20_001


def test_a_thousand_unknown_dependencies_are_all_told() -> None:
    text = generated(1000).replace("depends_on: [ws-", "depends_on: [w-")
    found = problems(text)
    assert len(found) == text.count("depends_on")
    assert all("unknown dependency 'w-" in problem for problem in found)


def test_findings_compare_by_value() -> None:
    assert Finding(("a",), "m") == Finding(("a",), "m")


def test_every_rule_can_be_named_and_no_other() -> None:
    assert sorted(checks.RULES) == sorted([*(rule.name for rule in RULES), scope.NAME])
    named = f"{ONE}quality: {{forbid: [{{name: mine, pattern: x}}], quarantine: [mine, {', '.join(checks.RULES)}]}}"
    assert parse_plan(named, PLACE).plan.quality.quarantine == ("mine", *checks.RULES)


def test_every_event_that_is_told_can_be_asked_for() -> None:
    told = {*notify.EVENTS.values(), "finished", "cost", "threshold", "disk"}
    assert told == set(get_args(Event))
