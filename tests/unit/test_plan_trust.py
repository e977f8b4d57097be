import json
import multiprocessing
from pathlib import Path

import pytest

from cockpit.plan.load import Loaded, parse_plan
from cockpit.plan.trust import Change, TrustError, TrustStore, commands, covered, default_path, digest, keep_in_force

HEAD = """
agents:
  one: {run: [cat, "-"], env: {A: b}, args: [x]}
  two: {preset: claude, args: ["--fast"]}
prepare: {run: [make stubs]}
setup: {copy: [.env], run: ["npm ci", [npm, test]]}
gates: [{name: s, builtin: syntax}, {name: t, run: make test}]
notify: [{on: [finished], run: "echo done"}]
"""
ONE = "[{id: a, title: T, issues: [{id: a1}]}]"


def loaded(head: str = HEAD, workstreams: str = ONE, path: str = "/nowhere/plan.yaml") -> Loaded:
    return parse_plan(f"{head}\nworkstreams: {workstreams}\n", Path(path))


def test_every_command_is_listed() -> None:
    assert commands(loaded(f"{HEAD}commit: {{hooks: true}}").plan) == (
        ("agents.one.env", "A=b"),
        ("agents.one", '["cat", "-"] x'),
        ("agents.two", "preset claude --fast"),
        ("prepare.run[0]", "make stubs"),
        ("setup.run[0]", "npm ci"),
        ("setup.run[1]", '["npm", "test"]'),
        ("gates[s]", "builtin syntax"),
        ("gates[t]", "make test"),
        ("notify[0]", "echo done"),
        ("commit.hooks", "the repository's git hooks"),
    )


def test_what_is_covered_is_plain_json() -> None:
    assert json.loads(json.dumps(covered(loaded()))) == covered(loaded())


def test_a_key_that_came_later_voids_no_trust() -> None:
    assert digest(loaded()) == "694f7a81bdb59f93c82b4773c9e4f5794900cf9b54c43afbcae68956cd55d54a"
    for own in ("resume: [go, '{session}']", "leaves: [.mine*]", "mcp: false"):
        assert digest(loaded(HEAD.replace("args: [x]", f"args: [x], {own}"))) != digest(loaded())


@pytest.mark.parametrize(
    "workstreams",
    [
        "[{id: a, title: Other, prompt: x, notes: y, issues: [{id: a2, estimate: 1h}], estimate: 2h, priority: P0}]",
        "[{id: a}, {id: b, depends_on: [a], files: [x], checklist: [y], role: z}]",
        "[{id: other}]",
        "[{id: a, env: {}, critical: false, gates: null}]",
    ],
)
def test_words_and_work_are_not_covered(workstreams: str) -> None:
    assert digest(loaded(workstreams=workstreams)) == digest(loaded())
    plan, changes = keep_in_force(loaded().plan, new := loaded(workstreams=workstreams).plan)
    assert changes == ()
    assert plan is new


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('args: ["--fast"]', 'args: ["--slow"]'),
        ("{A: b}", "{A: c}"),
        ("preset: claude", "preset: codex"),
        ('[cat, "-"]', '"cat -"'),
        ("make stubs", "make stub"),
        ("copy: [.env]", "copy: [.env, .ssh]"),
        ("npm ci", "npm i"),
        ("make test", "/bin/true"),
        ("gates: [{name: s, builtin: syntax}, ", "gates: ["),
        ("echo done", "echo"),
        ("agents:", "repo: sub\nagents:"),
        ("agents:", "base: other\nagents:"),
        ("agents:", "worktrees: ../x\nagents:"),
        ("agents:", "approve: {merge: never}\nagents:"),
        ("agents:", "limits: {agents: 9}\nagents:"),
        ("agents:", "quality: {quarantine: []}\nagents:"),
        ("agents:", "merge: {on_conflict: rerun}\nagents:"),
        ("agents:", "commit: {hooks: true}\nagents:"),
        ("agents:", "answers: [{match: a, reply: b}]\nagents:"),
        ("agents:", "track: true\nagents:"),
    ],
)
def test_each_setting_that_trust_covers_is_kept_and_asked_about(old: str, new: str) -> None:
    assert HEAD.count(old) == 1
    before, after = loaded(), loaded(HEAD.replace(old, new), "[{id: a, title: New}]")
    assert digest(before) != digest(after)
    plan, changes = keep_in_force(before.plan, after.plan)
    assert changes
    assert all(change.old != change.new for change in changes)
    assert plan.workstreams[0].title == "New"
    kept = Loaded(plan, after.text, after.path)
    assert covered(kept) == covered(before)


def test_the_order_of_agents_is_covered() -> None:
    one, other = (
        loaded(f"agents: {{{agents}}}") for agents in ("x: {run: a}, y: {run: b}", "y: {run: b}, x: {run: a}")
    )
    assert digest(one) != digest(other)
    plan, changes = keep_in_force(one.plan, other.plan)
    assert list(plan.agents) == ["x", "y"]
    assert [change.where for change in changes] == ["agents.(order)"]


@pytest.mark.parametrize(
    "own",
    ["agent: two", "fallback: [two]", "env: {A: b}", "gates: [t]", "approve: {merge: never}", "merge: {message: x}"],
)
def test_what_a_workstream_sets_for_itself_is_covered(own: str) -> None:
    before, after = loaded(), loaded(workstreams=f"[{{id: a, title: New, {own}}}, {{id: b, {own}}}]")
    assert digest(before) != digest(after)
    plan, changes = keep_in_force(before.plan, after.plan)
    assert [change.where.split(".")[0] for change in changes] == ["workstreams[a]", "workstreams[b]"]
    assert covered(Loaded(plan, "", before.path)) == covered(before)
    back, more = keep_in_force(after.plan, loaded(workstreams="[{id: a}, {id: b}]").plan)
    assert len(more) == 2
    assert covered(Loaded(back, "", before.path)) == covered(after)


def test_nothing_loses_its_checks_unasked() -> None:
    before = loaded(workstreams="[{id: a, critical: true}]").plan
    plan, changes = keep_in_force(before, loaded(workstreams="[{id: a}, {id: b, critical: true}]").plan)
    assert [workstream.critical for workstream in plan.workstreams] == [True, True]
    assert changes == (
        Change("workstreams[a].critical", "true", ""),
        Change("workstreams[b].critical", "", "true"),
    )


def test_a_trusted_plan_is_trusted_until_it_changes(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "config" / "trust.json")
    plan, elsewhere = loaded(), loaded(path="/elsewhere/plan.yaml")
    assert not store.is_trusted(plan)
    store.trust(plan)
    assert store.is_trusted(plan)
    assert TrustStore(store.path).is_trusted(loaded(workstreams="[{id: a, title: New}]"))
    assert not store.is_trusted(elsewhere)
    changed = loaded(HEAD.replace("make test", "/bin/true"))
    assert not store.is_trusted(changed)
    store.trust(changed)
    store.trust(elsewhere)
    assert store.is_trusted(changed)
    assert store.is_trusted(elsewhere)
    assert not store.is_trusted(plan)
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in store.path.parent.iterdir()) == ["trust.json", "trust.json.lock"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"plans": {}}', '{"format": 2, "plans": {}}', '{"format": 1}'])
def test_a_damaged_file_is_said_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "trust.json"
    path.write_text(content)
    path.chmod(0o600)
    for act in (TrustStore(path).is_trusted, TrustStore(path).trust):
        with pytest.raises(TrustError) as caught:
            act(loaded())
        assert caught.value.hint
    assert path.read_text() == content


def test_a_file_that_others_could_write_is_not_believed(tmp_path: Path) -> None:
    store = TrustStore(tmp_path / "trust.json")
    store.trust(loaded())
    store.path.chmod(0o666)
    with pytest.raises(TrustError, match="others could have written it"):
        store.is_trusted(loaded())


def _trust(path: str, name: str) -> None:
    TrustStore(Path(path)).trust(loaded(path=f"/{name}/plan.yaml"))


def test_processes_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_trust, args=(str(path), str(n))) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    assert all(TrustStore(path).is_trusted(loaded(path=f"/{n}/plan.yaml")) for n in range(4))


def test_the_file_lies_with_the_users_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert default_path() == tmp_path / "cockpit" / "trust.json"
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert default_path() == tmp_path / "home" / ".config" / "cockpit" / "trust.json"
