"""`cockpit answer`: lists what agents ask, and answers it; only for humans."""

from typing import Annotated

from cyclopts import Parameter
from msgspec.structs import replace

from cockpit.cli.giving import by, give_to, project_for
from cockpit.cli.options import Json, Plan, StateDir
from cockpit.cli.output import emit, say
from cockpit.clock import iso
from cockpit.errors import CockpitError
from cockpit.safetext import on_one_line, safe_text
from cockpit.schedule.orders import Order
from cockpit.schedule.talk import ALWAYS, Question


def answer(
    plan: Plan,
    workstream: Annotated[str, Parameter(help="The workstream that asks; without it: list what is asked.")] = "",
    /,
    *text: Annotated[str, Parameter(help="The answer.", allow_leading_hyphen=True)],
    choice: Annotated[int | None, Parameter(help="Answer with that one of the choices, from 1.")] = None,
    question: Annotated[str, Parameter(help="Which of several questions, by its id.")] = "",
    always: Annotated[bool, Parameter(help="Answer the same question of this workstream so from now on.")] = False,
    json: Json = False,
    state_dir: StateDir = None,
) -> int:
    """Answer an agent's question, by a choice or in words; without a workstream, list what is asked."""
    if not workstream:
        return _listed(plan, state_dir, json=json)
    words = " ".join(text)
    if bool(words) == (choice is not None):
        hint = "cockpit answer PLAN WORKSTREAM TEXT, or --choice N; cockpit answer PLAN lists what is asked"
        raise CockpitError("both a text and a choice were given" if words else "no answer was given", hint=hint)
    project = project_for(plan, state_dir, "answer")
    order = Order("answer", (workstream,), by(), words, choice, expected=question)
    return give_to(project, replace(order, how=ALWAYS) if always else order, json=json)


def _listed(plan: Plan, state_dir: StateDir, *, json: bool) -> int:
    from cockpit.cli.reach import present

    asked = present(plan, state_dir)[0].snapshot.open_questions()
    if json:
        emit({"questions": [shape(one) for one in asked]})
        return 0
    for one in asked:
        say(f"{on_one_line(one.workstream)} {one.id}: {safe_text(one.text)}")
        for number, choice in enumerate(one.choices, 1):
            say(f"  {number}  {on_one_line(choice)}")
    if not asked:
        say("nothing is asked")
    return 0


def shape(asked: Question) -> dict[str, object]:
    """Return a question as JSON values."""
    return {
        "id": asked.id,
        "workstream": asked.workstream,
        "run": asked.run,
        "text": asked.text,
        "choices": list(asked.choices),
        "asked": iso(asked.at),
    }
