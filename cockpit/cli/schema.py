"""`cockpit schema`: the JSON Schema of the plan file, or of what a command prints."""

from typing import Annotated

from cyclopts import Parameter

from cockpit.cli.options import Shape
from cockpit.cli.output import emit


def schema(*, of: Annotated[Shape | None, Parameter(help="A command whose JSON is described.")] = None) -> int:
    """Print the JSON Schema of the plan file, or with `--of` that of a command's JSON."""
    if of is None:
        from cockpit.plan.schema import plan_schema

        emit(plan_schema())
    else:
        from cockpit.cli.shapes import schema_of

        emit(schema_of(of))
    return 0
