"""`cockpit completion`: the completion script of a shell; writes no file."""

from typing import Annotated, Literal

from cyclopts import Parameter

from cockpit.cli.output import say


def completion(shell: Annotated[Literal["bash", "zsh", "fish"], Parameter(help="For which shell.")], /) -> int:
    """Print the completion script of a shell; its first lines say where it goes.

    For this shell only: `source <(cockpit completion bash)`, or `cockpit completion fish | source`.
    """
    from cockpit.cli.app import build

    say(build().generate_completion(shell=shell))
    return 0
