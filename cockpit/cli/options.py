"""The arguments that commands share, each with its help; holds no behaviour."""

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

Plan = Annotated[Path, Parameter(help="The plan file.")]
Workstreams = Annotated[str, Parameter(help="Ids of workstreams.")]
StateDir = Annotated[
    Path | None,
    Parameter(help="Where cockpit keeps its state; default: .cockpit in the repository. Also COCKPIT_STATE_DIR."),
]
Json = Annotated[bool, Parameter(help="Print one JSON document on stdout and nothing else.")]
Agents = Annotated[int | None, Parameter(help="How many agents may run at once; overrides the plan's limit.")]
Trust = Annotated[bool, Parameter(help="Trust the commands of the plan, as `cockpit trust` does, before going on.")]
All = Annotated[bool, Parameter(help="All workstreams that the order makes sense for.")]
Reason = Annotated[str, Parameter(help="Why; kept in the journal, and told to the next run where one follows.")]
Commit = Annotated[
    str, Parameter(help="The commit that was looked at; refused when it is another one now. Default: as it is.")
]
Follow = Annotated[bool, Parameter(name=["--follow", "-f"], help="Go on printing what comes; ends with ctrl+c.")]
Shape = Literal["status", "check", "simulate", "scan", "conflicts"]
